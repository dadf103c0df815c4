const _ = require('lodash');

module.exports = {
  async onInit() {
    console.log('[hello-world] Initializing...');
    this.greetingCount = 0;
  },

  greet(name) {
    this.greetingCount++;
    const capitalized = _.capitalize(name);
    return `Hello, ${capitalized}! (Greeting #${this.greetingCount})`;
  },

  async farewellAsync(name) {
    // Simulate async operation
    await new Promise(resolve => setTimeout(resolve, 100));
    return `Goodbye, ${name}. Thanks for using the skill infrastructure!`;
  },

  async onUnload() {
    console.log(`[hello-world] Unloading. Total greetings: ${this.greetingCount}`);
  }
};
