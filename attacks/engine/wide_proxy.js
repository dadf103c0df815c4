// Returns an array that says it has four billion members.
exports.attack = () => new Proxy([], { get: (_, name) => name === 'length' ? 2 ** 32 - 1 : 0 });
