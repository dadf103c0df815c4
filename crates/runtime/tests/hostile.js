// A skill that harms the others in every way it can, for tests and benchmarks.
const fs = require('fs');
const piece = Buffer.alloc(64 << 10, 'x');
const fill = (folder, most) => {
  for (let i = 0; i < most; i++) fs.writeFileSync(`${folder}/${i}`, piece);
};
module.exports = {
  spin() { for (;;); },
  bomb() { const hoard = []; for (;;) hoard.push(new Uint8Array(1 << 20).fill(1)); },
  data() {
    for (const name of fs.readdirSync('/mycelium/data')) fs.unlinkSync(`/mycelium/data/${name}`);
    fill('/mycelium/data', 100000);
  },
  tmp() { fill('/tmp', 1000); },
  large() { const f = fs.openSync('/tmp/large', 'w'); for (;;) fs.writeSync(f, piece); },
  open() { const open = []; for (;;) open.push(fs.openSync('/dev/null')); },
  print() { const line = 'x'.repeat(1 << 16); for (;;) console.log(line); },
  chat() { for (;;) console.log('line'); },
  give() { return 'x'.repeat(4 << 20); },
  leave() { process.exit(1); },
  fail() { throw new Error('x'); },
  rest() {},
  work() { for (let i = 0; i < 200000; i++); },
  look() { return fs.readFileSync('/etc/shadow'); },
};
