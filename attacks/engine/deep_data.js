// Gives the engine's parser and writer data nested a million deep.
exports.attack = () => {
  let nested = [];
  for (let depth = 0; depth < 1_000_000; depth++) nested = [nested];
  try {
    JSON.parse('['.repeat(1_000_000));
  } catch {
    // Held.
  }
  return nested;
};
