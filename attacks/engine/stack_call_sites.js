// Takes the engine's functions and receivers out of the call sites of a stack trace.
exports.attack = (to) => {
  const sites = [];
  Error.prepareStackTrace = (_, trace) => sites.push(...trace);
  try {
    require('fs').readFileSync(to.secret);
  } catch (error) {
    void error.stack;
  }
  void new Error('here').stack;
  const mine = [exports, exports.attack, globalThis, undefined, null];
  return sites.some((site) => {
    const found = [site.getThis?.(), site.getFunction?.()];
    return found.some((value) => typeof value === 'function' && !mine.includes(value));
  });
};
