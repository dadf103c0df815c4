// Writes compiled code where the next run would load it, as it is not verified when it is loaded.
const fs = require('fs');
const path = require('path');
exports.attack = (to) => {
  // Where the store is nothing is, or an empty folder of its own: whether that is so, the test looks.
  try {
    fs.writeFileSync(path.join(to.store, 'planted'), Buffer.alloc(64, 1));
  } catch {
    // Held.
  }
  for (const target of ['/mycelium/bytecode', '/mycelium/deps/x.js', path.join(__dirname, 'index.jsc')]) {
    try {
      fs.writeFileSync(target, Buffer.alloc(64, 1));
      return target;
    } catch {
      // Held.
    }
  }
};
