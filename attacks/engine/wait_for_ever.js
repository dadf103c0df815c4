// Blocks its thread for ever, without using the processor.
exports.attack = () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0);
  return true;
};
