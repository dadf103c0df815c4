// Takes memory as text, which an engine counts apart.
exports.attack = () => {
  const hoard = [];
  for (let number = 0; ; number++) hoard.push('x'.repeat(1 << 20) + number);
};
