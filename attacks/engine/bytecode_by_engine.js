// Gives the engine compiled code of its own making, to run what no source can say.
exports.attack = async () => {
  const code = Buffer.alloc(512, 0x43);
  const ways = [
    () => new (require('vm').Script)('1', { cachedData: code }).runInThisContext(),
    () => require('v8').deserialize(code),
    () => WebAssembly.compile(code),
    () => globalThis.bjson.read(code.buffer, 0, code.length, 1),
    () => globalThis.std.evalScript('1'),
    () => globalThis.os.open('/etc/passwd'),
  ];
  for (const way of ways) {
    try {
      await way();
      return String(way);
    } catch {
      // Held.
    }
  }
};
