'use strict';

const { codes } = require('internal/errors');
const { encodingNamed } = require('internal/buffer/strings');

const kPending = Symbol('pending');
const kOperations = Symbol('operations');

/** How many bytes at the end wait for more, and how many bytes their character has in all. */
function waiting(name, bytes) {
  const { length } = bytes;
  switch (name) {
    case 'utf8': {
      const held = binding('encoding').utf8Incomplete(bytes);
      if (held === 0) return { held, total: 0 };
      const first = bytes[length - held];
      return { held, total: first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2 };
    }
    case 'utf16le': {
      const odd = length % 2;
      const high = length - odd >= 2 ? bytes[length - odd - 1] : 0;
      if (high >= 0xd8 && high <= 0xdb) return { held: odd + 2, total: 4 };
      return { held: odd, total: odd === 0 ? 0 : 2 };
    }
    case 'base64':
    case 'base64url':
      return { held: length % 3, total: length % 3 === 0 ? 0 : 3 };
    default:
      return { held: 0, total: 0 };
  }
}

/** Turns pieces of bytes into text without breaking characters that lie across their borders. */
function StringDecoder(encoding) {
  const operations = encodingNamed(encoding || 'utf8');
  if (operations === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding);
  this.encoding = operations.name;
  this[kOperations] = operations;
  this[kPending] = { bytes: new Uint8Array(0), total: 0 };
}

function bytesOf(buffer) {
  if (!ArrayBuffer.isView(buffer)) {
    throw new codes.ERR_INVALID_ARG_TYPE('buf', ['Buffer', 'TypedArray', 'DataView'], buffer);
  }
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

StringDecoder.prototype.write = function write(buffer) {
  if (typeof buffer === 'string') return buffer;
  let bytes = bytesOf(buffer);
  const { bytes: pending } = this[kPending];
  if (pending.length > 0) {
    const whole = new Uint8Array(pending.length + bytes.length);
    whole.set(pending);
    whole.set(bytes, pending.length);
    bytes = whole;
  }
  const { held, total } = waiting(this.encoding, bytes);
  this[kPending] = { bytes: bytes.slice(bytes.length - held), total };
  return this[kOperations].decode(bytes.subarray(0, bytes.length - held));
};

StringDecoder.prototype.end = function end(buffer) {
  const text = buffer === undefined ? '' : this.write(buffer);
  const { bytes } = this[kPending];
  this[kPending] = { bytes: new Uint8Array(0), total: 0 };
  return text + this[kOperations].decode(bytes);
};

StringDecoder.prototype.text = function text(buffer, offset) {
  this[kPending] = { bytes: new Uint8Array(0), total: 0 };
  return this.write(buffer.slice(offset));
};

Object.defineProperties(StringDecoder.prototype, {
  lastChar: {
    configurable: true,
    enumerable: true,
    get() {
      const { Buffer } = require('buffer');
      const last = Buffer.alloc(4);
      last.set(this[kPending].bytes);
      return last;
    },
  },
  lastNeed: {
    configurable: true,
    enumerable: true,
    get() {
      const { bytes, total } = this[kPending];
      return total - bytes.length;
    },
  },
  lastTotal: {
    configurable: true,
    enumerable: true,
    get() {
      return this[kPending].total;
    },
  },
});

module.exports = { StringDecoder };
