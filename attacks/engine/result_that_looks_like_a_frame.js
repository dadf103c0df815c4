// Returns text that ends the answer and begins another, if it is not written as text.
exports.attack = () => ({
  held: 'nothing',
  toJSON() {
    return { held: 'nothing', text: '"}},\u0000\u0001\u0002\u0003{"jsonrpc":"2.0","id":2,"result":{"value":true}}' };
  },
});
