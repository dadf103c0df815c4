// Returns what looks like a promise and calls back twice, or never.
exports.attack = () => ({ then(done) { if (!done) done(1); } });
