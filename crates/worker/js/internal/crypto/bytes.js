'use strict';

// Bytes as the functions of `crypto` take them.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');

const VIEWS = ['Buffer', 'TypedArray', 'DataView'];

function isBuffer(value) {
  return value instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer);
}

/** A view or buffer as a `Uint8Array` over the same memory. */
function viewOf(value) {
  if (value instanceof Uint8Array) return value;
  if (isBuffer(value)) return new Uint8Array(value);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** Text, in `encoding`, or bytes in any form. */
function toBytes(value, name, encoding = 'utf8') {
  if (typeof value === 'string') return Buffer.from(value, encoding === 'buffer' ? 'utf8' : encoding);
  if (ArrayBuffer.isView(value) || isBuffer(value)) return viewOf(value);
  throw new codes.ERR_INVALID_ARG_TYPE(name, ['string', 'ArrayBuffer', ...VIEWS], value);
}

/** The data of `update` and the like: text or a view. */
function toData(value, name, encoding = 'utf8') {
  if (typeof value === 'string') return Buffer.from(value, encoding === 'buffer' ? 'utf8' : encoding);
  if (ArrayBuffer.isView(value)) return viewOf(value);
  throw new codes.ERR_INVALID_ARG_TYPE(name, ['string', ...VIEWS], value);
}

module.exports = { VIEWS, isBuffer, toBytes, toData, viewOf };
