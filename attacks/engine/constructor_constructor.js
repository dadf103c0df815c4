// Reaches the engine's own functions through the constructor of constructors.
exports.attack = () => {
  const makers = [
    (() => {}).constructor,
    (async () => {}).constructor,
    (function* () {}).constructor,
    [].constructor.constructor,
    require.constructor,
    process.constructor.constructor,
    console.log.constructor,
  ];
  const names = ['binding', 'engine', 'requireBuiltin', 'getBinding', 'makeBinding'];
  return makers.some((make) => names.some((name) => {
    try {
      const found = make(`return typeof ${name}`)();
      return typeof found === 'string' && found !== 'undefined';
    } catch {
      return false;
    }
  }));
};
