// Prints one line that never ends.
exports.attack = () => {
  const piece = 'x'.repeat(1 << 16);
  for (;;) process.stdout.write(piece);
};
