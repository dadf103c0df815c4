module.exports = {
  willFail() {
    throw new Error('Intentional failure for testing');
  },

  async willTimeout() {
    // Simulate infinite loop
    while (true) {
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
  }
};
