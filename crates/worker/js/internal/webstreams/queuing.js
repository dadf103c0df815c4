'use strict';

// Strategies that say how much a stream may hold.

const { codes } = require('internal/errors');
const { defineState, finishClass, inspectable, kState, requireBrand } = require('internal/webstreams/shared');
const { validateObject } = require('internal/validators');

function validateInit(init) {
  validateObject(init, 'init');
  if (init.highWaterMark === undefined) throw new codes.ERR_MISSING_OPTION('init.highWaterMark');
  return Number(init.highWaterMark);
}

// One function for all strategies of a kind, as the standard demands.
const byteLengthSize = Object.defineProperty((chunk) => chunk.byteLength, 'name', { value: 'size' });
const countSize = Object.defineProperty(() => 1, 'name', { value: 'size' });

class ByteLengthQueuingStrategy {
  constructor(init) {
    defineState(this, 'ByteLengthQueuingStrategy', { highWaterMark: validateInit(init) });
  }

  get highWaterMark() {
    requireBrand(this, 'ByteLengthQueuingStrategy');
    return this[kState].highWaterMark;
  }

  get size() {
    requireBrand(this, 'ByteLengthQueuingStrategy');
    return byteLengthSize;
  }
}

class CountQueuingStrategy {
  constructor(init) {
    defineState(this, 'CountQueuingStrategy', { highWaterMark: validateInit(init) });
  }

  get highWaterMark() {
    requireBrand(this, 'CountQueuingStrategy');
    return this[kState].highWaterMark;
  }

  get size() {
    requireBrand(this, 'CountQueuingStrategy');
    return countSize;
  }
}

for (const Class of [ByteLengthQueuingStrategy, CountQueuingStrategy]) {
  finishClass(Class, ['highWaterMark', 'size'], Class.name);
  inspectable(Class, ({ highWaterMark }) => ({ highWaterMark }));
}

module.exports = { ByteLengthQueuingStrategy, CountQueuingStrategy };
