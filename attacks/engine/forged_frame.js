// Writes an answer to another call into every descriptor there may be.
const fs = require('fs');
exports.attack = () => {
  const frame = (id) => {
    const text = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: { value: 'forged', cpu_microseconds: 0, memory_bytes: 0 } }));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(text.length);
    return Buffer.concat([head, text]);
  };
  let written = 0;
  for (let descriptor = 3; descriptor < 256; descriptor++) {
    for (let id = 1; id < 6; id++) {
      try {
        written += fs.writeSync(descriptor, frame(id));
      } catch {
        // Held.
      }
    }
  }
  return written > 0;
};
