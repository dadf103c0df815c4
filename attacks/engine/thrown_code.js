// Throws an error with the code of another kind of failure, to be taken for it.
exports.attack = () => {
  throw Object.assign(new Error('not this'), { code: 'SANDBOX_UNAVAILABLE', name: 'MEMORY_LIMIT', kind: 'out-of-memory', transient: 'yes' });
};
