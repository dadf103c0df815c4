// Prints without end, to fill the daemon's memory.
exports.attack = () => {
  const line = 'x'.repeat(1 << 16);
  for (;;) console.log(line);
};
