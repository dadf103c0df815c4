'use strict';

// The part of the Web Cryptography API that is about randomness and hashes.

const { codes } = require('internal/errors');
const { viewOf } = require('internal/crypto/bytes');
const { randomUUID } = require('internal/crypto/random');
const { unsupported } = require('internal/unsupported');

const bindingOfCrypto = binding('crypto');
const MAX_RANDOM = 65536;
const DIGESTS = { '__proto__': null, 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };
const kInternal = Symbol('kInternal');

function domException(message, name) {
  return new DOMException(message, name);
}

function refusal(message, code) {
  return Object.assign(new TypeError(`Failed to execute 'digest' on 'SubtleCrypto': ${message}`), { code });
}

function isIntegerArray(value) {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof Float32Array) &&
    !(value instanceof Float64Array) && value[Symbol.toStringTag] !== 'Float16Array';
}

class SubtleCrypto {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }

  async digest(algorithm, data) {
    if (!(this instanceof SubtleCrypto)) throw new codes.ERR_INVALID_THIS('SubtleCrypto');
    if (arguments.length < 2) {
      throw refusal(`2 arguments required, but only ${arguments.length} present.`, 'ERR_MISSING_ARGS');
    }
    const name = typeof algorithm === 'object' && algorithm !== null ? algorithm.name : algorithm;
    const digest = DIGESTS[`${name}`.toUpperCase()];
    if (digest === undefined) throw domException('Unrecognized algorithm name', 'NotSupportedError');
    if (!ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer)) {
      throw refusal('2nd argument is not instance of ArrayBuffer, Buffer, TypedArray, or DataView.',
        'ERR_INVALID_ARG_TYPE');
    }
    const handle = bindingOfCrypto.createHash(digest, undefined);
    handle.update(viewOf(data));
    await new Promise((resolve) => { setImmediate(resolve); });
    return handle.digest();
  }
}
for (const name of [
  'encrypt', 'decrypt', 'sign', 'verify', 'deriveBits', 'deriveKey', 'exportKey', 'generateKey', 'importKey',
  'unwrapKey', 'wrapKey',
]) {
  Object.defineProperty(SubtleCrypto.prototype, name, {
    value: unsupported('crypto', `subtle.${name}`), enumerable: true, configurable: true, writable: true,
  });
}

class Crypto {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }

  get subtle() {
    if (!(this instanceof Crypto)) throw new codes.ERR_INVALID_THIS('Crypto');
    return subtle;
  }

  getRandomValues(array) {
    if (!(this instanceof Crypto)) throw new codes.ERR_INVALID_THIS('Crypto');
    if (!isIntegerArray(array)) {
      throw domException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
    }
    if (array.byteLength > MAX_RANDOM) {
      throw domException('The requested length exceeds 65,536 bytes', 'QuotaExceededError');
    }
    bindingOfCrypto.randomFill(viewOf(array));
    return array;
  }

  randomUUID(options) {
    if (!(this instanceof Crypto)) throw new codes.ERR_INVALID_THIS('Crypto');
    return randomUUID(options);
  }
}
class CryptoKey {
  constructor() {
    throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }
}
for (const Class of [Crypto, CryptoKey, SubtleCrypto]) {
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}
Object.defineProperties(Crypto.prototype, {
  subtle: { enumerable: true }, getRandomValues: { enumerable: true }, randomUUID: { enumerable: true },
});

const subtle = new SubtleCrypto(kInternal);
const crypto = new Crypto(kInternal);

module.exports = { Crypto, CryptoKey, SubtleCrypto, crypto };
