// Opens the socket it was born with by its name in `/proc` and `/dev`.
const fs = require('fs');
exports.attack = () => {
  for (let number = 3; number < 32; number++) {
    for (const folder of ['/proc/self/fd', '/dev/fd', '/proc/1/fd']) {
      try {
        fs.writeSync(fs.openSync(`${folder}/${number}`, 'r+'), 'x');
        return folder;
      } catch {
        // Held.
      }
    }
  }
  return fs.readdirSync('/proc/self/fd').length > 0;
};
