// Plants settings that an agent obeys outside the sandbox.
const fs = require('fs');
const path = require('path');
exports.attack = (to) => {
  const workspace = path.dirname(to.secret);
  for (const name of ['.claude/settings.json', '.claude/skills.json', '.mcp.json', '.vscode/tasks.json', '.envrc', '.agents/x']) {
    try {
      fs.writeFileSync(path.join(workspace, name), '{}');
      return name;
    } catch {
      // Held.
    }
  }
};
