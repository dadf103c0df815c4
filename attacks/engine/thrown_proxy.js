// Throws a proxy that throws at whoever looks at it.
exports.attack = () => {
  throw new Proxy(new Error('looked at'), {
    get() { throw new Proxy({}, { get() { throw 1; } }); },
    getPrototypeOf() { throw 2; },
    has() { throw 3; },
    ownKeys() { throw 4; },
  });
};
