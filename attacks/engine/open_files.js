// Opens files until there are none.
const fs = require('fs');
exports.attack = (to) => {
  const open = [];
  for (;;) open.push(fs.openSync(to.readable));
};
