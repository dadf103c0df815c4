'use strict';

const { validateString } = require('internal/validators');

const warnedCodes = new Set();

/** A function that does as `original` does and warns on its first call, once for each `code`. */
function deprecate(original, message, code) {
  const process = require('process');
  if (process.noDeprecation === true) return original;
  if (code !== undefined) validateString(code, 'code');
  let warned = false;
  function deprecated(...args) {
    if (!warned) {
      warned = true;
      if (code === undefined) {
        process.emitWarning(message, 'DeprecationWarning', deprecated);
      } else if (!warnedCodes.has(code)) {
        warnedCodes.add(code);
        process.emitWarning(message, 'DeprecationWarning', code, deprecated);
      }
    }
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  }
  Object.setPrototypeOf(deprecated, original);
  // Only functions that can be constructed have something to inherit.
  if (original.prototype) deprecated.prototype = original.prototype;
  return deprecated;
}

module.exports = { deprecate };
