// Replaces the functions that the engine's own JavaScript calls, to be handed what it works with.
const fs = require('fs');
exports.attack = (to) => {
  const seen = [];
  const spy = (object, name) => {
    const original = object[name];
    object[name] = function (...args) {
      seen[seen.length] = this;
      for (let place = 0; place < args.length; place++) seen[seen.length] = args[place];
      return Reflect.apply(original, this, args);
    };
  };
  spy(Function.prototype, 'call');
  spy(Function.prototype, 'apply');
  spy(Map.prototype, 'get');
  spy(Array.prototype, 'push');
  try {
    fs.statSync(to.readable);
    require('os').cpus();
    fs.existsSync(to.readable);
  } finally {
    delete Function.prototype.call;
  }
  return seen.some((value) => value !== null && typeof value === 'object' && typeof value.builtin === 'function');
};
