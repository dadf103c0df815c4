// Never lets the event loop go on.
exports.attack = async () => {
  for (;;) await null;
};
