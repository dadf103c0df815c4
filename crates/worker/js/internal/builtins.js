'use strict';

// Which builtin modules there are. The bootstrap gives this module its functions, because it makes all the others.

module.exports = {
  /** Whether a program may require it, with `node:` or without. */
  builtinExists: undefined,
  /** Those that were loaded, in Node's notation. */
  loadList: undefined,
  /** Every name that a program may require without `node:`. */
  publicNames: undefined,
  requireBuiltin: undefined,
};
