const fs = require('fs');

module.exports = {
  readSensitiveFile() {
    // Attempt to read /etc/passwd (should be blocked)
    return fs.readFileSync('/etc/passwd', 'utf8');
  }
};
