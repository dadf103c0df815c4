// Returns an array that says it has four billion members, each of which takes its time.
exports.attack = () => {
  const member = () => {
    for (let spent = 0; spent < 1000; spent++);
    return 0;
  };
  return new Proxy([], { get: (_, name) => typeof name === 'symbol' || name === 'toJSON' ? undefined : name === 'length' ? 2 ** 32 - 1 : member() });
};
