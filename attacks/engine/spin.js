// Never ends.
exports.attack = () => {
  for (;;);
};
