'use strict';

// Hashes and message authentication codes.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { toData } = require('internal/crypto/bytes');
const LazyTransform = require('internal/crypto/lazy_transform');
const { validateEncoding, validateString, validateUint32 } = require('internal/validators');

const crypto = binding('crypto');
const kHandle = Symbol('kHandle');
const kFinalized = Symbol('kFinalized');

/** Hidden, because programs look at the other fields. */
function hide(object, key, value) {
  Object.defineProperty(object, key, { value, writable: true, configurable: true });
}

function notExtendable() {
  return Object.assign(new Error('error:030000B2:digital envelope routines::not XOF or invalid length'), {
    library: 'digital envelope routines',
    reason: 'not XOF or invalid length',
    code: 'ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH',
  });
}

/** The state of a hash; bindings answer with a number where they refuse. */
function makeHandle(algorithm, outputLength, unknown = 'Digest method not supported') {
  const handle = crypto.createHash(algorithm, outputLength);
  if (handle === 1) throw new Error(unknown);
  if (handle === 2) throw notExtendable();
  return handle;
}

function encode(bytes, encoding) {
  const buffer = Buffer.from(bytes);
  return encoding && encoding !== 'buffer' && Buffer.isEncoding(encoding) ? buffer.toString(encoding) : buffer;
}

function feed(handle, data, encoding) {
  if (typeof data === 'string') validateEncoding(data, encoding || 'utf8');
  handle.update(toData(data, 'data', encoding || 'utf8'));
}

function Hash(algorithm, options) {
  if (!new.target) return new Hash(algorithm, options);
  const isCopy = algorithm instanceof Hash;
  if (!isCopy) validateString(algorithm, 'algorithm');
  const length = typeof options === 'object' && options !== null ? options.outputLength : undefined;
  if (length !== undefined) validateUint32(length, 'options.outputLength');
  hide(this, kHandle, isCopy ? algorithm[kHandle].copy() : makeHandle(algorithm, length));
  hide(this, kFinalized, false);
  LazyTransform.call(this, options);
}
Object.setPrototypeOf(Hash.prototype, LazyTransform.prototype);
Object.setPrototypeOf(Hash, LazyTransform);

Hash.prototype.copy = function copy(options) {
  if (this[kFinalized]) throw new codes.ERR_CRYPTO_HASH_FINALIZED();
  return new Hash(this, options);
};

Hash.prototype._transform = function(chunk, encoding, callback) {
  feed(this[kHandle], chunk, encoding);
  callback();
};

Hash.prototype._flush = function(callback) {
  this.push(this.digest());
  callback();
};

Hash.prototype.update = function update(data, encoding) {
  if (this[kFinalized]) throw new codes.ERR_CRYPTO_HASH_FINALIZED();
  feed(this[kHandle], data, encoding);
  return this;
};

Hash.prototype.digest = function digest(outputEncoding) {
  if (this[kFinalized]) throw new codes.ERR_CRYPTO_HASH_FINALIZED();
  this[kFinalized] = true;
  return encode(this[kHandle].digest(), outputEncoding && `${outputEncoding}`);
};

function Hmac(algorithm, key, options) {
  if (!new.target) return new Hmac(algorithm, key, options);
  validateString(algorithm, 'hmac');
  const { secretBytes } = require('internal/crypto/keys');
  const encoding = typeof options === 'object' && options !== null ? options.encoding : undefined;
  const handle = crypto.createHmac(algorithm, secretBytes(key, encoding));
  if (handle === undefined) throw new codes.ERR_CRYPTO_INVALID_DIGEST(algorithm);
  hide(this, kHandle, handle);
  hide(this, kFinalized, false);
  LazyTransform.call(this, options);
}
Object.setPrototypeOf(Hmac.prototype, LazyTransform.prototype);
Object.setPrototypeOf(Hmac, LazyTransform);

Hmac.prototype.update = Hash.prototype.update;
Hmac.prototype._transform = Hash.prototype._transform;
Hmac.prototype._flush = Hash.prototype._flush;

/** A second digest is empty, not an error. */
Hmac.prototype.digest = function digest(outputEncoding) {
  const encoding = outputEncoding && `${outputEncoding}`;
  if (this[kFinalized]) return encode(new ArrayBuffer(0), encoding);
  this[kFinalized] = true;
  return encode(this[kHandle].digest(), encoding);
};

/** crypto.hash(): all at once. */
function hash(algorithm, input, outputEncoding = 'hex') {
  validateString(algorithm, 'algorithm');
  const data = toData(input, 'input');
  if (outputEncoding !== 'buffer') {
    validateString(outputEncoding, 'outputEncoding');
    if (!Buffer.isEncoding(outputEncoding)) {
      throw new codes.ERR_INVALID_ARG_VALUE('outputEncoding', outputEncoding);
    }
  }
  const handle = makeHandle(algorithm, undefined, `Digest method ${algorithm} is not supported`);
  handle.update(data);
  return encode(handle.digest(), outputEncoding);
}

/** Node's names for the algorithms that are here. */
const NAMES = `
RSA-MD5 RSA-RIPEMD160 RSA-SHA1 RSA-SHA224 RSA-SHA256 RSA-SHA384 RSA-SHA512 RSA-SHA512/224 RSA-SHA512/256 md5 ripemd
ripemd160 rmd160 sha1 sha224 sha256 sha3-224 sha3-256 sha3-384 sha3-512 sha384 sha512 sha512-224 sha512-256 shake128
shake256 ssl3-md5 ssl3-sha1
`;

function getHashes() {
  return NAMES.trim().split(/\s+/);
}

module.exports = { Hash, Hmac, getHashes, hash };
