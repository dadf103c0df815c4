// Signals its parent, its group and every process.
exports.attack = () => {
  for (const [target, signal] of [[process.ppid, 'SIGTERM'], [0, 'SIGTERM'], [-1, 'SIGTERM'], [1, 'SIGKILL'], [process.ppid, 0]]) {
    try {
      process.kill(target, signal);
      if (target === process.ppid || target === -1) return `${target}`;
    } catch {
      // Held.
    }
  }
};
