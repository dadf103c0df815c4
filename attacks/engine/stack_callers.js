// Walks up the callers of a function that runs in sloppy mode, to reach the engine's.
exports.attack = () => {
  const reached = [];
  function step() {
    try {
      let caller = step.caller;
      for (let depth = 0; caller && depth < 10; depth++) {
        reached.push(caller);
        caller = caller.caller;
      }
    } catch {
      // Held.
    }
    return 0;
  }
  [2, 1].sort(step);
  JSON.stringify({ get value() { return step(); } });
  require('fs').existsSync({ toString: step });
  return reached.some((caller) => caller !== exports.attack && caller.name !== 'value' && caller !== step);
};
