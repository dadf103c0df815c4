// Imports the engine's internal modules, and files that were not granted, as ES modules.
exports.attack = async (to) => {
  for (const name of ['internal/builtins', 'node:internal/builtins', to.secret, `file://${to.secret}`, 'data:text/javascript,export default 1']) {
    try {
      await import(name);
      return name;
    } catch {
      // Held.
    }
  }
};
