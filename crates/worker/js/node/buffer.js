'use strict';

const { codes } = require('internal/errors');
const { validateArray, validateInteger, validateNumber } = require('internal/validators');
const { isAnyArrayBuffer, isUint8Array } = require('internal/util/types');
const { encodingNamed, utf8, writeText } = require('internal/buffer/strings');
const { defineLazy } = require('internal/lazy');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
// The engine's limits: a typed array has at most 2^31 - 1 elements.
const MAX_LENGTH = 2 ** 31 - 1;
const MAX_STRING_LENGTH = 2 ** 29 - 24;

class FastBuffer extends Uint8Array {}

let inspectMaxBytes = 50;

function Buffer(argument, encodingOrOffset, length) {
  if (typeof argument === 'number') {
    if (typeof encodingOrOffset === 'string') throw new codes.ERR_INVALID_ARG_TYPE('string', 'string', argument);
    return Buffer.alloc(argument);
  }
  return Buffer.from(argument, encodingOrOffset, length);
}
Object.defineProperty(Buffer, Symbol.species, { configurable: true, enumerable: false, get: () => FastBuffer });
Buffer.poolSize = 8 * 1024;

/** The same bytes as a Buffer. */
function asBuffer(bytes) {
  return new FastBuffer(bytes.buffer, bytes.byteOffset, bytes.length);
}

function fromString(text, encoding) {
  let operations = utf8;
  if (typeof encoding === 'string' && encoding.length > 0) {
    operations = encodingNamed(encoding);
    if (operations === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding);
  }
  return text.length === 0 ? new FastBuffer() : asBuffer(operations.encode(text));
}

function fromArrayBuffer(buffer, byteOffset, length) {
  byteOffset = byteOffset === undefined ? 0 : +byteOffset || 0;
  const available = buffer.byteLength - byteOffset;
  if (available < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('offset');
  if (length === undefined) {
    length = available;
  } else {
    length = +length;
    if (!(length > 0)) length = 0;
    else if (length > available) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('length');
  }
  return new FastBuffer(buffer, byteOffset, length);
}

function fromArrayLike(object) {
  if (!(object.length > 0)) return new FastBuffer();
  const result = new FastBuffer(object.length);
  if (isUint8Array(object) || Array.isArray(object)) {
    result.set(object);
  } else {
    for (let index = 0; index < object.length; index++) result[index] = object[index];
  }
  return result;
}

function fromObject(object) {
  if (object.length !== undefined || isAnyArrayBuffer(object.buffer)) {
    return typeof object.length === 'number' ? fromArrayLike(object) : new FastBuffer();
  }
  return object.type === 'Buffer' && Array.isArray(object.data) ? fromArrayLike(object.data) : undefined;
}

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') return fromString(value, encodingOrOffset);
  if (typeof value === 'object' && value !== null) {
    if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    const primitive = value.valueOf?.();
    if (primitive != null && primitive !== value && (typeof primitive === 'string' || typeof primitive === 'object')) {
      return from(primitive, encodingOrOffset, length);
    }
    const converted = fromObject(value);
    if (converted !== undefined) return converted;
    if (typeof value[Symbol.toPrimitive] === 'function') {
      const text = value[Symbol.toPrimitive]('string');
      if (typeof text === 'string') return fromString(text, encodingOrOffset);
    }
  }
  throw new codes.ERR_INVALID_ARG_TYPE(
    'first argument', ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'], value);
};

const typedArrayLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length').get;

Buffer.copyBytesFrom = function copyBytesFrom(view, offset, length) {
  if (!require('internal/util/types').isTypedArray(view)) {
    throw new codes.ERR_INVALID_ARG_TYPE('view', ['TypedArray'], view);
  }
  const viewLength = typedArrayLength.call(view);
  if (viewLength === 0) return Buffer.alloc(0);
  if (offset !== undefined || length !== undefined) {
    let end = viewLength;
    if (offset !== undefined) {
      validateInteger(offset, 'offset', 0);
      if (offset >= viewLength) return Buffer.alloc(0);
    } else {
      offset = 0;
    }
    if (length !== undefined) {
      validateInteger(length, 'length', 0);
      end = offset + length;
    }
    view = view.slice(offset, end);
  }
  return fromArrayLike(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
};

Buffer.of = function of(...items) {
  return fromArrayLike(items);
};

function checkedSize(size) {
  validateNumber(size, 'size', 0, MAX_LENGTH);
  return size;
}

Buffer.alloc = function alloc(size, fill, encoding) {
  const buffer = new FastBuffer(checkedSize(size));
  return fill !== undefined && fill !== 0 && size > 0 ? buffer.fill(fill, 0, size, encoding) : buffer;
};

Buffer.allocUnsafe = function allocUnsafe(size) {
  return new FastBuffer(checkedSize(size));
};

Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
  return new FastBuffer(checkedSize(size));
};

Buffer.isBuffer = function isBuffer(value) {
  return value instanceof Buffer;
};

Buffer.compare = function compare(left, right) {
  if (!isUint8Array(left)) throw new codes.ERR_INVALID_ARG_TYPE('buf1', ['Buffer', 'Uint8Array'], left);
  if (!isUint8Array(right)) throw new codes.ERR_INVALID_ARG_TYPE('buf2', ['Buffer', 'Uint8Array'], right);
  return left === right ? 0 : binding('buffer').compare(left, right);
};

Buffer.isEncoding = function isEncoding(encoding) {
  return typeof encoding === 'string' && encoding.length !== 0 && encodingNamed(encoding) !== undefined;
};

Buffer.concat = function concat(list, length) {
  validateArray(list, 'list');
  if (list.length === 0) return new FastBuffer();
  if (length === undefined) {
    length = 0;
    for (const item of list) if (item.length) length += item.length;
  } else {
    validateInteger(length, 'length', 0, MAX_LENGTH);
  }
  const result = Buffer.allocUnsafe(length);
  let position = 0;
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (!isUint8Array(item)) throw new codes.ERR_INVALID_ARG_TYPE(`list[${index}]`, ['Buffer', 'Uint8Array'], item);
    const room = length - position;
    if (room <= 0) continue;
    result.set(item.length > room ? item.subarray(0, room) : item, position);
    position += Math.min(item.length, room);
  }
  return result;
};

Buffer.byteLength = function byteLength(string, encoding) {
  if (typeof string !== 'string') {
    if (ArrayBuffer.isView(string) || isAnyArrayBuffer(string)) return string.byteLength;
    throw new codes.ERR_INVALID_ARG_TYPE('string', ['string', 'Buffer', 'ArrayBuffer'], string);
  }
  const operations = encoding ? encodingNamed(encoding) ?? utf8 : utf8;
  return operations.byteLength(string);
};

Buffer.prototype = FastBuffer.prototype;
const { prototype } = Buffer;
Object.defineProperty(prototype, 'constructor', { value: Buffer, writable: true, configurable: true });
Object.assign(prototype, require('internal/buffer/numbers'));

function textBetween(buffer, operations, start, end) {
  if (start === 0 && end === buffer.length) return operations.decode(buffer);
  return operations.decode(new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start));
}

function outOfRange() {
  const error = new RangeError('Index out of range');
  error.code = 'ERR_OUT_OF_RANGE';
  return error;
}

for (const name of ['ascii', 'base64', 'base64url', 'latin1', 'hex', 'ucs2', 'utf8']) {
  const operations = encodingNamed(name);
  prototype[`${name}Slice`] = function(start = 0, end = this.length) {
    if (start < 0 || end > this.length || start > this.length) throw outOfRange();
    return end <= start ? '' : textBetween(this, operations, start, end);
  };
  prototype[`${name}Write`] = function(text, offset = 0, length = this.length - offset) {
    requireText(text);
    if (offset > this.length) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('offset');
    return writeText(this, operations, text, offset, length);
  };
}

for (const [name, read] of [['parent', (buffer) => buffer.buffer], ['offset', (buffer) => buffer.byteOffset]]) {
  Object.defineProperty(prototype, name, {
    enumerable: true,
    get() {
      return this instanceof Buffer ? read(this) : undefined;
    },
  });
}

/** An optional index that is rounded and must not be below zero or above `high`. */
function copyIndex(value, fallback, name, high) {
  if (value === undefined) return fallback;
  const number = Number.isInteger(value) ? value : Math.trunc(+value) || 0;
  if (number < 0 || number > high) {
    throw new codes.ERR_OUT_OF_RANGE(name, high === Infinity ? '>= 0' : `>= 0 && <= ${high}`, value);
  }
  return number;
}

prototype.copy = function copy(target, targetStart, sourceStart, sourceEnd) {
  if (!isUint8Array(target)) throw new codes.ERR_INVALID_ARG_TYPE('target', ['Buffer', 'Uint8Array'], target);
  targetStart = copyIndex(targetStart, 0, 'targetStart', Infinity);
  sourceStart = copyIndex(sourceStart, 0, 'sourceStart', this.length);
  sourceEnd = Math.min(copyIndex(sourceEnd, this.length, 'sourceEnd', Infinity), this.length);
  const count = Math.min(sourceEnd - sourceStart, target.length - targetStart);
  if (count <= 0) return 0;
  const source = new Uint8Array(this.buffer, this.byteOffset + sourceStart, count);
  Uint8Array.prototype.set.call(target, source, targetStart);
  return count;
};

prototype.toString = function toString(encoding, start, end) {
  if (arguments.length === 0) return utf8.decode(this);
  const { length } = this;
  if (start <= 0) start = 0;
  else if (start >= length) return '';
  else start = Math.trunc(start) || 0;
  end = end === undefined || end > length ? length : Math.trunc(end) || 0;
  if (end <= start) return '';
  if (encoding === undefined) return textBetween(this, utf8, start, end);
  const operations = encodingNamed(encoding);
  if (operations === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding);
  return textBetween(this, operations, start, end);
};

Object.assign(prototype, require('internal/buffer/search'));

function hexPairs(bytes) {
  return encodingNamed('hex').decode(bytes).replace(/..(?!$)/g, '$& ');
}

prototype.inspect = prototype[kInspect] = function inspect(depth, context) {
  const shown = Math.min(inspectMaxBytes, this.length);
  const remaining = this.length - shown;
  let text = hexPairs(new Uint8Array(this.buffer, this.byteOffset, shown));
  if (remaining > 0) text += ` ... ${remaining} more byte${remaining > 1 ? 's' : ''}`;
  if (context) {
    const keys = Reflect.ownKeys(this).filter((key) => (
      (typeof key === 'symbol' || !/^(?:0|[1-9][0-9]*)$/.test(key)) &&
      (context.showHidden || Object.prototype.propertyIsEnumerable.call(this, key))));
    if (keys.length > 0) {
      const extras = Object.assign(Object.create(null), Object.fromEntries(keys.map((key) => [key, this[key]])));
      const { inspect: show } = require('internal/util/inspect');
      const listed = show(extras, { ...context, breakLength: Infinity, compact: true });
      text += `${this.length === 0 ? '' : ', '}${listed.slice('[Object: null prototype] { '.length, -2)}`;
    }
  }
  return `<${this.constructor.name} ${text}>`;
};

function requireText(text) {
  if (typeof text === 'string') return;
  const error = new TypeError('argument must be a string');
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

prototype.write = function write(string, offset, length, encoding) {
  if (offset === undefined) {
    requireText(string);
    return writeText(this, utf8, string, 0, this.length);
  }
  if (length === undefined && typeof offset === 'string') {
    encoding = offset;
    length = this.length;
    offset = 0;
  } else {
    validateInteger(offset, 'offset', 0, this.length);
    const room = this.length - offset;
    if (length === undefined) {
      length = room;
    } else if (typeof length === 'string') {
      encoding = length;
      length = room;
    } else {
      validateInteger(length, 'length', 0, this.length);
      if (length > room) length = room;
    }
  }
  const operations = encoding ? encodingNamed(encoding) : utf8;
  if (operations === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding);
  requireText(string);
  return writeText(this, operations, string, offset, length);
};

prototype.toJSON = function toJSON() {
  return { type: 'Buffer', data: Array.from(this) };
};

/** An index as Array.prototype.slice takes it. */
function sliceIndex(value, length) {
  const index = Math.trunc(value);
  if (index === 0 || Number.isNaN(index)) return 0;
  if (index < 0) return Math.max(index + length, 0);
  return Math.min(index, length);
}

prototype.subarray = function subarray(start, end) {
  const from = sliceIndex(start, this.length);
  const to = end === undefined ? this.length : sliceIndex(end, this.length);
  return new FastBuffer(this.buffer, this.byteOffset + from, Math.max(to - from, 0));
};

prototype.slice = function slice(start, end) {
  return this.subarray(start, end);
};

prototype.toLocaleString = prototype.toString;

function SlowBuffer(length) {
  validateNumber(length, 'size', 0, MAX_LENGTH);
  return Buffer.allocUnsafeSlow(length);
}
Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
Object.setPrototypeOf(SlowBuffer, Uint8Array);

function bytesToCheck(input) {
  if (isAnyArrayBuffer(input)) return new Uint8Array(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  throw new codes.ERR_INVALID_ARG_TYPE('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], input);
}

function isUtf8(input) {
  return binding('buffer').isUtf8(bytesToCheck(input));
}

function isAscii(input) {
  return binding('buffer').isAscii(bytesToCheck(input));
}

const base64 = () => require('internal/buffer/base64');
const blob = () => require('internal/blob');

module.exports = { Buffer, SlowBuffer };
defineLazy(module.exports, { transcode: () => base64().transcode });
Object.assign(module.exports, { isUtf8, isAscii, kMaxLength: MAX_LENGTH, kStringMaxLength: MAX_STRING_LENGTH });
defineLazy(module.exports, { btoa: () => base64().btoa, atob: () => base64().atob });
module.exports.constants = { MAX_LENGTH, MAX_STRING_LENGTH };
Object.defineProperty(module.exports, 'INSPECT_MAX_BYTES', {
  configurable: true,
  enumerable: true,
  get: () => inspectMaxBytes,
  set(value) {
    validateNumber(value, 'INSPECT_MAX_BYTES', 0);
    inspectMaxBytes = value;
  },
});
defineLazy(module.exports, {
  Blob: () => blob().Blob,
  resolveObjectURL: () => blob().resolveObjectURL,
  File: () => blob().File,
});
