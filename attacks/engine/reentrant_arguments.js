// Calls the file functions again out of their own arguments, a hundred deep.
const fs = require('fs');
exports.attack = (to) => {
  let depth = 0;
  const again = {
    valueOf() {
      if (depth++ < 100) fs.readSync(file, Buffer.alloc(8), again, 8, 0);
      return 0;
    },
  };
  const file = fs.openSync(to.readable, 'r');
  try {
    fs.readSync(file, Buffer.alloc(8), again, 8, 0);
    fs.writeFileSync(`${to.writable}/reentrant${to.part}`, { toString() { return fs.readFileSync(to.secret, 'utf8'); } });
  } catch {
    // Held.
  }
  return fs.existsSync(`${to.writable}/reentrant${to.part}`) && fs.readFileSync(`${to.writable}/reentrant${to.part}`, 'utf8').includes('treasure');
};
