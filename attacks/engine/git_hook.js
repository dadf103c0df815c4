// Plants a hook that Git runs outside the sandbox.
const fs = require('fs');
const path = require('path');
exports.attack = (to) => {
  const workspace = path.dirname(to.secret);
  fs.mkdirSync(path.join(workspace, '.git/hooks'), { recursive: true });
  fs.writeFileSync(path.join(workspace, '.git/hooks/pre-commit'), '#!/bin/sh\n', { mode: 0o755 });
  return true;
};
