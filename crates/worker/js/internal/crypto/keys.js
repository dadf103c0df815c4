'use strict';

// Secret keys. Keys of pairs need the other engine.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { VIEWS, isBuffer, toBytes, viewOf } = require('internal/crypto/bytes');
const { validateObject, validateOneOf } = require('internal/validators');

const secrets = new WeakMap();
const kKeyType = Symbol('kKeyType');

class KeyObject {
  constructor(type) {
    this[kKeyType] = type;
  }

  static from(key) {
    throw new codes.ERR_INVALID_ARG_TYPE('key', 'CryptoKey', key);
  }

  get type() {
    return this[kKeyType];
  }

  equals(other) {
    if (!(other instanceof KeyObject)) throw new codes.ERR_INVALID_ARG_TYPE('otherKeyObject', 'KeyObject', other);
    const [mine, theirs] = [secrets.get(this), secrets.get(other)];
    return other.type === this.type && mine.length === theirs.length &&
      binding('crypto').timingSafeEqual(mine, theirs);
  }
}
Object.defineProperty(KeyObject.prototype, Symbol.toStringTag, { value: 'KeyObject', configurable: true });

class SecretKeyObject extends KeyObject {
  constructor(bytes) {
    super('secret');
    secrets.set(this, Uint8Array.from(bytes));
  }

  get symmetricKeySize() {
    return secrets.get(this).length;
  }

  export(options) {
    if (options !== undefined) {
      validateObject(options, 'options');
      validateOneOf(options.format, 'options.format', [undefined, 'buffer', 'jwk']);
      if (options.format === 'jwk') return { kty: 'oct', k: Buffer.from(secrets.get(this)).toString('base64url') };
    }
    return Buffer.from(secrets.get(this));
  }
}

function createSecretKey(key, encoding) {
  if (typeof key !== 'string' && !ArrayBuffer.isView(key) && !isBuffer(key)) {
    throw new codes.ERR_INVALID_ARG_TYPE('key', ['ArrayBuffer', ...VIEWS], key);
  }
  return new SecretKeyObject(toBytes(key, 'key', encoding));
}

/** The bytes of a key in any of its forms. */
function secretBytes(key, encoding, name = 'key', expected = undefined) {
  if (key instanceof SecretKeyObject) return secrets.get(key);
  if (typeof key === 'string') return Buffer.from(key, encoding ?? 'utf8');
  if (ArrayBuffer.isView(key) || isBuffer(key)) return viewOf(key);
  throw new codes.ERR_INVALID_ARG_TYPE(
    name, expected ?? ['string', 'ArrayBuffer', ...VIEWS, 'KeyObject', 'CryptoKey'], key);
}

module.exports = { KeyObject, SecretKeyObject, createSecretKey, secretBytes };
