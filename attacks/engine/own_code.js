// Changes its own code, which would last.
const fs = require('fs');
exports.attack = () => {
  fs.appendFileSync(__filename, '\n// planted\n');
  return true;
};
