// Gives the engine a regular expression that takes it for ever.
exports.attack = () => /^(a+)+$/.test(`${'a'.repeat(60)}b`);
