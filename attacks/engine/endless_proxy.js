// Returns a proxy that has another inside it, without end.
exports.attack = () => {
  const endless = () => new Proxy({}, { ownKeys: () => ['next'], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: endless() }), get: endless });
  return endless();
};
