const _ = require('lodash');

module.exports = {
  async onInit() {
    console.log('[hello-world] Initializing v2...');
    this.greetingCount = 0;
  },

  greet(name) {
    this.greetingCount++;
    const capitalized = _.capitalize(name);
    // Modified: Added enthusiastic greeting
    return `Hello, ${capitalized}! Welcome to the amazing skill infrastructure! (Greeting #${this.greetingCount})`;
  },

  async farewellAsync(name) {
    await new Promise(resolve => setTimeout(resolve, 100));
    return `Goodbye, ${name}. Thanks for using the skill infrastructure!`;
  },

  async onUnload() {
    console.log(`[hello-world] Unloading. Total greetings: ${this.greetingCount}`);
  }
};
