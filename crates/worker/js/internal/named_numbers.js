'use strict';

/** The object that a table of names and numbers in turn describes. */
module.exports = function namedNumbers(table) {
  const words = table.trim().split(/\s+/);
  const object = { __proto__: null };
  for (let index = 0; index < words.length; index += 2) object[words[index]] = Number(words[index + 1]);
  return object;
};
