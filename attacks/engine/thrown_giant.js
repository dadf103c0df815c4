// Throws an error whose message, stack and code are larger than any report may be, and not text.
exports.attack = () => {
  const error = new Error('x'.repeat(4 << 20));
  Object.defineProperty(error, 'stack', { get: () => '\u001b[2J'.repeat(1 << 20) });
  Object.defineProperty(error, 'code', { get: () => ({ toString: () => 'SKILL_TIMEOUT'.repeat(1 << 18) }) });
  Object.defineProperty(error, 'name', { get: () => Symbol('name') });
  throw error;
};
