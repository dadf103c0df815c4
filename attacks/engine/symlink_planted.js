// Writes through a link that was in the granted folder before.
const fs = require('fs');
exports.attack = (to) => {
  fs.writeFileSync(to.planted, 'changed');
  return true;
};
