'use strict';

// Reading and writing of numbers at an offset of a Buffer.

const { codes } = require('internal/errors');
const { validateNumber } = require('internal/validators');

const floats = new Float32Array(1);
const doubles = new Float64Array(1);
const floatBytes = new Uint8Array(floats.buffer);
const doubleBytes = new Uint8Array(doubles.buffer);

/** Throws for an `offset` (or what `name` names) that is no integer between `lowest` and `highest`. */
function refuse(offset, highest, name) {
  if (Math.floor(offset) !== offset) {
    validateNumber(offset, name ?? 'offset');
    throw new codes.ERR_OUT_OF_RANGE(name ?? 'offset', 'an integer', offset);
  }
  if (highest < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS();
  throw new codes.ERR_OUT_OF_RANGE(name ?? 'offset', `>= ${name ? 1 : 0} and <= ${highest}`, offset);
}

function checkOffset(buffer, offset, size) {
  validateNumber(offset, 'offset');
  if (buffer[offset] === undefined || buffer[offset + size - 1] === undefined) refuse(offset, buffer.length - size);
}

function checkSize(size) {
  if (size === undefined) throw new codes.ERR_INVALID_ARG_TYPE('byteLength', 'number', size);
  if (!(size >= 1 && size <= 6 && Math.floor(size) === size)) refuse(size, 6, 'byteLength');
}

function checkValue(value, low, high, size) {
  if (value >= low && value <= high) return;
  if (Number.isNaN(value)) return; // Written as zero.
  const n = typeof low === 'bigint' ? 'n' : '';
  let range;
  if (size <= 4) {
    range = `>= ${low}${n} and <= ${high}${n}`;
  } else if (low === 0 || low === 0n) {
    range = `>= 0${n} and < 2${n} ** ${size * 8}${n}`;
  } else {
    range = `>= -(2${n} ** ${size * 8 - 1}${n}) and < 2${n} ** ${size * 8 - 1}${n}`;
  }
  throw new codes.ERR_OUT_OF_RANGE('value', range, value);
}

function readLittle(buffer, offset, size) {
  let value = 0;
  for (let index = size - 1; index >= 0; index--) value = value * 256 + buffer[offset + index];
  return value;
}

function readBig(buffer, offset, size) {
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 256 + buffer[offset + index];
  return value;
}

function signed(value, size) {
  const half = 2 ** (size * 8 - 1);
  return value < half ? value : value - 2 * half;
}

function writeLittle(buffer, value, offset, size) {
  for (let index = 0; index < size; index++) {
    buffer[offset + index] = value;
    value = Math.floor(value / 256);
  }
  return offset + size;
}

function writeBig(buffer, value, offset, size) {
  for (let index = size - 1; index >= 0; index--) {
    buffer[offset + index] = value;
    value = Math.floor(value / 256);
  }
  return offset + size;
}

/** Negative numbers are written as their complement, so that only bytes remain to be cut off. */
function wrapped(value, size) {
  const whole = Math.trunc(value) || 0;
  return whole < 0 ? whole + 2 ** (size * 8) : whole;
}

function checkedWrite(buffer, value, offset, low, high, size, write) {
  value = +value;
  if (size === 1) validateNumber(offset, 'offset');
  checkValue(value, low, high, size === 1 ? 0 : size);
  checkOffset(buffer, offset, size);
  return write(buffer, wrapped(value, size), offset, size);
}

const methods = {
  readUInt8(offset = 0) {
    validateNumber(offset, 'offset');
    const value = this[offset];
    return value === undefined ? refuse(offset, this.length - 1) : value;
  },
  readInt8(offset = 0) {
    validateNumber(offset, 'offset');
    const value = this[offset];
    return value === undefined ? refuse(offset, this.length - 1) : (value << 24) >> 24;
  },
};

/** Adds the method `name`, and for unsigned numbers its other spelling. */
function add(name, method) {
  Object.defineProperty(method, 'name', { value: name, configurable: true });
  methods[name] = method;
  if (name.includes('UInt')) methods[name.replace('UInt', 'Uint')] = method;
}
add('readUInt8', methods.readUInt8);

for (const [order, read, write] of [['LE', readLittle, writeLittle], ['BE', readBig, writeBig]]) {
  for (const size of [2, 4]) {
    const bits = size * 8;
    const high = 2 ** bits - 1;
    const half = 2 ** (bits - 1);
    add(`readUInt${bits}${order}`, function(offset = 0) {
      checkOffset(this, offset, size);
      return read(this, offset, size);
    });
    add(`readInt${bits}${order}`, function(offset = 0) {
      checkOffset(this, offset, size);
      return signed(read(this, offset, size), size);
    });
    add(`writeUInt${bits}${order}`, function(value, offset = 0) {
      return checkedWrite(this, value, offset, 0, high, size, write);
    });
    add(`writeInt${bits}${order}`, function(value, offset = 0) {
      return checkedWrite(this, value, offset, -half, half - 1, size, write);
    });
  }
  add(`readUInt${order}`, function(offset, size) {
    if (offset === undefined) throw new codes.ERR_INVALID_ARG_TYPE('offset', 'number', offset);
    checkSize(size);
    checkOffset(this, offset, size);
    return read(this, offset, size);
  });
  add(`readInt${order}`, function(offset, size) {
    if (offset === undefined) throw new codes.ERR_INVALID_ARG_TYPE('offset', 'number', offset);
    checkSize(size);
    checkOffset(this, offset, size);
    return signed(read(this, offset, size), size);
  });
  add(`writeUInt${order}`, function(value, offset, size) {
    checkSize(size);
    return checkedWrite(this, value, offset, 0, 2 ** (size * 8) - 1, size, write);
  });
  add(`writeInt${order}`, function(value, offset, size) {
    checkSize(size);
    const half = 2 ** (size * 8 - 1);
    return checkedWrite(this, value, offset, -half, half - 1, size, write);
  });
  addBigInts(order, read);
  addFloats(order);
}

add('writeUInt8', function(value, offset = 0) {
  return checkedWrite(this, value, offset, 0, 255, 1, writeBig);
});
add('writeInt8', function(value, offset = 0) {
  return checkedWrite(this, value, offset, -128, 127, 1, writeBig);
});

function addBigInts(order, read) {
  const little = order === 'LE';
  const readHalves = (buffer, offset) => {
    checkOffset(buffer, offset, 8);
    const low = read(buffer, offset + (little ? 0 : 4), 4);
    const high = read(buffer, offset + (little ? 4 : 0), 4);
    return (BigInt(high) << 32n) | BigInt(low);
  };
  const writeBytes = (buffer, value, offset, low, high) => {
    if (value > high || value < low) checkValue(value, low, high, 8);
    checkOffset(buffer, offset, 8);
    if (typeof value !== 'bigint') {
      throw new TypeError('Cannot mix BigInt and other types, use explicit conversions');
    }
    let rest = BigInt.asUintN(64, value);
    for (let index = 0; index < 8; index++) {
      buffer[offset + (little ? index : 7 - index)] = Number(rest & 255n);
      rest >>= 8n;
    }
    return offset + 8;
  };
  add(`readBigUInt64${order}`, function(offset = 0) {
    return readHalves(this, offset);
  });
  add(`readBigInt64${order}`, function(offset = 0) {
    return BigInt.asIntN(64, readHalves(this, offset));
  });
  add(`writeBigUInt64${order}`, function(value, offset = 0) {
    return writeBytes(this, value, offset, 0n, 0xffffffffffffffffn);
  });
  add(`writeBigInt64${order}`, function(value, offset = 0) {
    return writeBytes(this, value, offset, -0x8000000000000000n, 0x7fffffffffffffffn);
  });
}

function addFloats(order) {
  for (const [kind, numbers, bytes] of [['Float', floats, floatBytes], ['Double', doubles, doubleBytes]]) {
    const size = bytes.length;
    const place = (index) => (order === 'LE' ? index : size - 1 - index);
    add(`read${kind}${order}`, function(offset = 0) {
      checkOffset(this, offset, size);
      for (let index = 0; index < size; index++) bytes[place(index)] = this[offset + index];
      return numbers[0];
    });
    add(`write${kind}${order}`, function(value, offset = 0) {
      value = +value;
      checkOffset(this, offset, size);
      numbers[0] = value;
      for (let index = 0; index < size; index++) this[offset + index] = bytes[place(index)];
      return offset + size;
    });
  }
}

module.exports = methods;
