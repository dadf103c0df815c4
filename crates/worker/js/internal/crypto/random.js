'use strict';

// Randomness.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { VIEWS, isBuffer, viewOf } = require('internal/crypto/bytes');
const { validateBoolean, validateFunction, validateNumber, validateObject } = require('internal/validators');

const crypto = binding('crypto');
const MAX_SIZE = 2 ** 31 - 1;
/** The widest range that six random bytes can fill evenly. */
const MAX_RANGE = 2 ** 48 - 1;
const HEX = [];

function assertSize(size) {
  validateNumber(size, 'size');
  if (Number.isNaN(size) || size > MAX_SIZE || size < 0) {
    throw new codes.ERR_OUT_OF_RANGE('size', `>= 0 && <= ${MAX_SIZE}`, size);
  }
  return size >>> 0;
}

function randomBytes(size, callback) {
  size = assertSize(size);
  if (callback !== undefined) validateFunction(callback, 'callback');
  const make = () => {
    const buffer = Buffer.alloc(size);
    crypto.randomFill(buffer);
    return buffer;
  };
  if (callback === undefined) return make();
  setImmediate(() => callback(null, make()));
  return undefined;
}

/** The part of `buffer` to fill; offset and size count elements. */
function planFill(buffer, offset = 0, size = undefined) {
  if (!ArrayBuffer.isView(buffer) && !isBuffer(buffer)) {
    throw new codes.ERR_INVALID_ARG_TYPE('buf', ['ArrayBuffer', 'ArrayBufferView'], buffer);
  }
  const elementSize = buffer.BYTES_PER_ELEMENT || 1;
  const length = buffer.byteLength;
  validateNumber(offset, 'offset');
  offset *= elementSize;
  if (Number.isNaN(offset) || offset > Math.min(length, MAX_SIZE) || offset < 0) {
    throw new codes.ERR_OUT_OF_RANGE('offset', `>= 0 && <= ${Math.min(length, MAX_SIZE)}`, offset);
  }
  offset >>>= 0;
  if (size === undefined) {
    size = length - offset;
  } else {
    validateNumber(size, 'size');
    size *= elementSize;
    if (Number.isNaN(size) || size > MAX_SIZE || size < 0) {
      throw new codes.ERR_OUT_OF_RANGE('size', `>= 0 && <= ${MAX_SIZE}`, size);
    }
    if (size + offset > length) throw new codes.ERR_OUT_OF_RANGE('size + offset', `<= ${length}`, size + offset);
  }
  return viewOf(buffer).subarray(offset, offset + (size >>> 0));
}

function randomFillSync(buffer, offset, size) {
  crypto.randomFill(planFill(buffer, offset, size));
  return buffer;
}

function randomFill(buffer, offset, size, callback) {
  if (typeof offset === 'function') [offset, size, callback] = [0, undefined, offset];
  else if (typeof size === 'function') [size, callback] = [undefined, size];
  validateFunction(callback, 'callback');
  const part = planFill(buffer, offset, size);
  setImmediate(() => {
    crypto.randomFill(part);
    callback(null, buffer);
  });
}

function evenly(range) {
  const bytes = Buffer.allocUnsafe(6);
  // What does not fill the range a whole number of times would favour the low numbers.
  const limit = MAX_RANGE - (MAX_RANGE % range);
  for (;;) {
    crypto.randomFill(bytes);
    const number = bytes.readUIntBE(0, 6);
    if (number < limit) return number % range;
  }
}

function randomInt(min, max, callback) {
  const hasMin = !(max === undefined || typeof max === 'function');
  if (!hasMin) [min, max, callback] = [0, min, max];
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (!Number.isSafeInteger(min)) throw new codes.ERR_INVALID_ARG_TYPE('min', 'a safe integer', min);
  if (!Number.isSafeInteger(max)) throw new codes.ERR_INVALID_ARG_TYPE('max', 'a safe integer', max);
  if (max <= min) {
    throw new codes.ERR_OUT_OF_RANGE('max', `greater than the value of "min" (${min})`, max);
  }
  const range = max - min;
  if (!(range <= MAX_RANGE)) {
    throw new codes.ERR_OUT_OF_RANGE(hasMin ? 'max - min' : 'max', `<= ${MAX_RANGE}`, range);
  }
  if (callback === undefined) return evenly(range) + min;
  setImmediate(() => callback(undefined, evenly(range) + min));
  return undefined;
}

function hexOf(byte) {
  return (HEX[byte] ??= byte.toString(16).padStart(2, '0'));
}

function randomUUID(options) {
  if (options !== undefined) {
    validateObject(options, 'options');
    if (options.disableEntropyCache !== undefined) {
      validateBoolean(options.disableEntropyCache, 'options.disableEntropyCache');
    }
  }
  const bytes = new Uint8Array(16);
  crypto.randomFill(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40; // Version 4.
  bytes[8] = (bytes[8] & 0x3f) | 0x80; // RFC 9562's variant.
  const hex = Array.from(bytes, hexOf).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function timingSafeEqual(first, second) {
  for (const [name, value] of [['buf1', first], ['buf2', second]]) {
    if (!ArrayBuffer.isView(value) && !isBuffer(value)) {
      throw new codes.ERR_INVALID_ARG_TYPE(name, ['ArrayBuffer', ...VIEWS], value);
    }
  }
  if (first.byteLength !== second.byteLength) throw new codes.ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH();
  return crypto.timingSafeEqual(viewOf(first), viewOf(second));
}

module.exports = { randomBytes, randomFill, randomFillSync, randomInt, randomUUID, timingSafeEqual };
