const { settings } = require('mycelium');

module.exports = {
  count({ text }) {
    const words = text.match(/[\p{L}\p{N}'’-]+/gu) ?? [];
    return words.filter((word) => [...word].length >= settings.shortest).length;
  },
};
