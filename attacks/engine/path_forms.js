// Writes the path of a file that was not granted in every form that may be read as another.
const fs = require('fs');
const path = require('path');
exports.attack = (to) => {
  const folder = path.dirname(to.writable);
  const name = path.basename(to.secret);
  const forms = [
    `${to.writable}/../${name}`,
    `${to.writable}/./.././${name}`,
    `${to.writable}//..//${name}`,
    `${to.readable}/../../${name}`,
    `${folder}/./${name}`,
    path.relative(process.cwd(), to.secret),
    `/proc/self/cwd/${name}`,
    `/proc/self/root${to.secret}`,
    `/proc/thread-self/root${to.secret}`,
    `/dev/fd/../cwd/${name}`,
    `/tmp/../${to.secret}`,
    new URL(`file://${to.writable}/%2e%2e/${name}`),
    new URL(`file://localhost${to.secret}`),
    Buffer.from(to.secret),
  ];
  for (const form of forms) {
    try {
      return fs.readFileSync(form, 'utf8');
    } catch {
      // Held.
    }
  }
};
