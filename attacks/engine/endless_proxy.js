// Returns a proxy that has two others inside it, and so on, to be more than can ever be written.
exports.attack = () => {
  const endless = (depth) => depth === 0 ? 1 : new Proxy({}, {
    ownKeys: () => ['one', 'other'],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
    get: (_, name) => name === 'one' || name === 'other' ? endless(depth - 1) : undefined,
  });
  return endless(40);
};
