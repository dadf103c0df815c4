'use strict';

const { codes } = require('internal/errors');
const { validateFunction } = require('internal/validators');

const kCustom = Symbol.for('nodejs.util.promisify.custom');
/** Names of a callback's values, on functions whose promise is for an object of them. */
const kNames = Symbol('customPromisifyArgs');

function promisify(original) {
  validateFunction(original, 'original');
  const custom = original[kCustom];
  if (custom) {
    validateFunction(custom, 'util.promisify.custom');
    return Object.defineProperty(custom, kCustom, {
      value: custom, enumerable: false, writable: false, configurable: true,
    });
  }
  const names = original[kNames];
  function promisified(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (error, ...values) => {
        if (error) {
          reject(error);
        } else if (names !== undefined && values.length > 1) {
          resolve(Object.fromEntries(names.map((name, index) => [name, values[index]])));
        } else {
          resolve(values[0]);
        }
      }]);
    });
  }
  Object.setPrototypeOf(promisified, Object.getPrototypeOf(original));
  Object.defineProperty(promisified, kCustom, {
    value: promisified, enumerable: false, writable: false, configurable: true,
  });
  return Object.defineProperties(promisified, plainDescriptors(original));
}
promisify.custom = kCustom;

/** Own property descriptors without prototypes, so that a polluted Object.prototype cannot change them. */
function plainDescriptors(original) {
  const descriptors = Object.getOwnPropertyDescriptors(original);
  for (const key of Reflect.ownKeys(descriptors)) Object.setPrototypeOf(descriptors[key], null);
  return descriptors;
}

function callbackify(original) {
  validateFunction(original, 'original');
  function callbackified(...args) {
    const callback = args.pop();
    validateFunction(callback, 'last argument');
    const { nextTick } = require('process');
    Reflect.apply(original, this, args).then(
      (value) => nextTick(() => Reflect.apply(callback, this, [null, value])),
      (reason) => {
        // A callback must be able to tell failure from its first argument alone.
        const error = reason ? reason : new codes.ERR_FALSY_VALUE_REJECTION(reason);
        nextTick(() => Reflect.apply(callback, this, [error]));
      });
  }
  const descriptors = plainDescriptors(original);
  if (typeof descriptors.length.value === 'number') descriptors.length.value++;
  if (typeof descriptors.name.value === 'string') descriptors.name.value += 'Callbackified';
  return Object.defineProperties(callbackified, descriptors);
}

module.exports = { callbackify, customPromisifyArgs: kNames, promisify };
