// Leaves a mark in every global object, to be found by its other instances and by other skills.
exports.attack = async (to) => {
  const key = (part) => `mark${part}`;
  for (const object of [globalThis, Object.prototype, Array.prototype, process.env, require.cache, require('module')]) {
    object[key(to.part)] = 'marked';
  }
  await new Promise((done) => setTimeout(done, 20));
  return globalThis[key(1 - to.part)] !== undefined;
};
