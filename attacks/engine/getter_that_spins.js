// Returns an object whose getter never ends, when the call is over but for the writing of its result.
exports.attack = () => ({ get value() { for (;;); } });
