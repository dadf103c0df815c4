// Loads the engine's internal modules, which hold functions that ask nobody.
exports.attack = () => {
  const names = ['internal/builtins', 'internal/process', 'node:internal/builtins', './internal/builtins', 'binding'];
  const ways = [
    require,
    (name) => module.constructor._load(name, module, false),
    (name) => module.constructor.prototype.require.call(module, name),
    (name) => require('module').createRequire(__filename)(name),
    (name) => process.binding(name),
    (name) => process._linkedBinding(name),
    (name) => process.getBuiltinModule(name),
  ];
  return ways.some((way) => names.some((name) => {
    try {
      return way(name) !== undefined;
    } catch {
      return false;
    }
  }));
};
