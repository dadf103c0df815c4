'use strict';

// Comparison, search, fill and byte order of a Buffer.

const { codes } = require('internal/errors');
const { validateBuffer, validateInteger, validateNumber } = require('internal/validators');
const { isUint8Array } = require('internal/util/types');
const { encodingNamed, utf8 } = require('internal/buffer/strings');

const native = binding('buffer');

function requireBytes(value, name) {
  if (!isUint8Array(value)) throw new codes.ERR_INVALID_ARG_TYPE(name, ['Buffer', 'Uint8Array'], value);
}

function part(bytes, start, end) {
  if (start === 0 && end === bytes.length) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** An optional offset of `bytes`; `high` is what it may be at most. */
function offsetOr(value, fallback, name, high = Number.MAX_SAFE_INTEGER) {
  if (value === undefined) return fallback;
  validateInteger(value, name, 0, high);
  return value;
}

function compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
  requireBytes(target, 'target');
  if (arguments.length === 1) return native.compare(this, target);
  targetStart = offsetOr(targetStart, 0, 'targetStart');
  targetEnd = offsetOr(targetEnd, target.length, 'targetEnd', target.length);
  sourceStart = offsetOr(sourceStart, 0, 'sourceStart');
  sourceEnd = offsetOr(sourceEnd, this.length, 'sourceEnd', this.length);
  if (sourceStart >= sourceEnd) return targetStart >= targetEnd ? 0 : -1;
  if (targetStart >= targetEnd) return 1;
  return native.compare(part(this, sourceStart, sourceEnd), part(target, targetStart, targetEnd));
}

function equals(other) {
  requireBytes(other, 'otherBuffer');
  if (this === other) return true;
  return this.byteLength === other.byteLength && native.compare(this, other) === 0;
}

/** Where a search starts, or -1 where there is nothing to search; an empty needle is found right there. */
function startOf(length, offset, needleLength, direction) {
  if (offset < 0) {
    if (offset + length >= 0) return length + offset;
    return direction === 'forward' || needleLength === 0 ? 0 : -1;
  }
  if (offset + needleLength <= length) return offset;
  if (needleLength === 0) return length;
  return direction === 'forward' ? -1 : length - 1;
}

function search(buffer, value, offset, encoding, direction) {
  validateBuffer(buffer);
  if (typeof offset === 'string') {
    encoding = offset;
    offset = undefined;
  } else if (offset > 0x7fffffff) {
    offset = 0x7fffffff;
  } else if (offset < -0x80000000) {
    offset = -0x80000000;
  }
  offset = +offset;
  if (Number.isNaN(offset)) offset = direction === 'forward' ? 0 : buffer.length || buffer.byteLength;
  offset = Math.trunc(offset);

  let needle;
  let step = 1;
  if (typeof value === 'number') {
    needle = Uint8Array.of(value);
  } else {
    const operations = encoding === undefined ? utf8 : encodingNamed(encoding);
    if (typeof value === 'string') {
      if (operations === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding);
      needle = operations.encode(value);
    } else if (isUint8Array(value)) {
      needle = value;
    } else {
      throw new codes.ERR_INVALID_ARG_TYPE('value', ['number', 'string', 'Buffer', 'Uint8Array'], value);
    }
    if (operations?.name === 'utf16le') step = 2;
  }
  const start = startOf(buffer.length, offset, needle.length, direction);
  if (needle.length === 0) return step === 2 ? start & ~1 : start;
  if (buffer.length === 0 || start < 0 || needle.length > buffer.length) return -1;
  if (step === 2 && (buffer.length < 2 || needle.length < 2)) return -1;
  return direction === 'forward' ?
    native.find(buffer, needle, start, step) : native.findLast(buffer, needle, start, step);
}

function indexOf(value, byteOffset, encoding) {
  return search(this, value, byteOffset, encoding, 'forward');
}

function lastIndexOf(value, byteOffset, encoding) {
  return search(this, value, byteOffset, encoding, 'backward');
}

function includes(value, byteOffset, encoding) {
  return this.indexOf(value, byteOffset, encoding) !== -1;
}

/** What a range is filled with: a number, or the bytes to repeat. */
function patternOf(value, encoding) {
  if (typeof value === 'string') {
    const operations = encoding ? encodingNamed(encoding) : utf8;
    if (operations === undefined) {
      if (typeof encoding === 'string') throw new codes.ERR_UNKNOWN_ENCODING(encoding);
      throw new codes.ERR_INVALID_ARG_TYPE('encoding', 'string', encoding);
    }
    return value === '' ? 0 : operations.encode(value);
  }
  if (typeof value === 'boolean') return +value;
  return value;
}

function fill(value, offset, end, encoding) {
  if (typeof value === 'string') {
    if (offset === undefined || typeof offset === 'string') {
      encoding = offset;
      offset = 0;
      end = this.length;
    } else if (typeof end === 'string') {
      encoding = end;
      end = this.length;
    }
  }
  const pattern = patternOf(value, encoding);
  if (offset === undefined) {
    offset = 0;
    end = this.length;
  } else {
    validateNumber(offset, 'offset', 0);
    if (end === undefined) {
      end = this.length;
    } else {
      validateNumber(end, 'end', 0, this.length);
    }
    offset = Math.trunc(offset);
    end = Math.trunc(end);
    if (offset >= end) return this;
  }
  if (!ArrayBuffer.isView(pattern)) {
    Uint8Array.prototype.fill.call(this, pattern & 255, offset, end);
    return this;
  }
  const { buffer, byteOffset, byteLength } = pattern;
  const bytes = isUint8Array(pattern) ? pattern : new Uint8Array(buffer, byteOffset, byteLength);
  if (bytes.length === 0) throw new codes.ERR_INVALID_ARG_VALUE('value', value);
  let filled = Math.min(bytes.length, end - offset);
  this.set(part(bytes, 0, filled), offset);
  // What is there already is doubled until nothing is left.
  while (offset + filled < end) {
    const count = Math.min(filled, end - offset - filled);
    Uint8Array.prototype.copyWithin.call(this, offset + filled, offset, offset + count);
    filled += count;
  }
  return this;
}

function swapper(bits) {
  return {
    [`swap${bits}`]() {
      if (this.length % (bits / 8) !== 0) throw new codes.ERR_INVALID_BUFFER_SIZE(`${bits}-bits`);
      native.swap(this, bits / 8);
      return this;
    },
  };
}

module.exports = {
  compare,
  equals,
  fill,
  includes,
  indexOf,
  lastIndexOf,
  ...swapper(16),
  ...swapper(32),
  ...swapper(64),
};
