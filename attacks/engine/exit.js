// Ends its process in the middle of a call.
exports.attack = () => {
  process.exit(0);
};
