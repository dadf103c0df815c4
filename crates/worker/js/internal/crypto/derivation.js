'use strict';

// Keys derived from passwords and other keys.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { toBytes } = require('internal/crypto/bytes');
const {
  validateFunction, validateInt32, validateInteger, validateObject, validateString, validateUint32,
} = require('internal/validators');

const crypto = binding('crypto');
const MAX_LENGTH = 2 ** 32;
const MAX_INFO = 1024;

/** Does `work` now or in a later turn, for a callback. */
function settle(work, callback) {
  setImmediate(() => {
    let result;
    try {
      result = work();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, result);
  });
}

function planPbkdf2(password, salt, iterations, keylen, digest) {
  validateString(digest, 'digest');
  const [passwordBytes, saltBytes] = [toBytes(password, 'password'), toBytes(salt, 'salt')];
  validateInt32(iterations, 'iterations', 1);
  validateInt32(keylen, 'keylen', 0);
  if (!crypto.knowsDigest(digest)) throw new codes.ERR_CRYPTO_INVALID_DIGEST(digest);
  return () => {
    const derived = crypto.pbkdf2(passwordBytes, saltBytes, iterations, keylen, digest);
    if (derived === undefined) throw new RangeError('Array buffer allocation failed');
    return Buffer.from(derived);
  };
}

function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  if (typeof digest === 'function') {
    callback = digest;
    digest = undefined;
  }
  const work = planPbkdf2(password, salt, iterations, keylen, digest);
  validateFunction(callback, 'callback');
  settle(work, callback);
}

function pbkdf2Sync(password, salt, iterations, keylen, digest) {
  return planPbkdf2(password, salt, iterations, keylen, digest)();
}

const SCRYPT_DEFAULTS = { N: 16384, r: 8, p: 1, maxmem: 32 << 20 };
const SCRYPT_ALIASES = [['N', 'cost'], ['r', 'blockSize'], ['p', 'parallelization']];

function scryptOptions(options) {
  const chosen = { ...SCRYPT_DEFAULTS };
  if (options === undefined) return chosen;
  validateObject(options, 'options');
  for (const [short, long] of SCRYPT_ALIASES) {
    if (options[short] !== undefined && options[long] !== undefined) {
      throw new codes.ERR_CRYPTO_SCRYPT_INVALID_PARAMETER();
    }
    for (const name of [short, long]) {
      if (options[name] === undefined) continue;
      validateUint32(options[name], name);
      if (options[name] !== 0) chosen[short] = options[name];
    }
  }
  if (options.maxmem !== undefined) {
    validateInteger(options.maxmem, 'maxmem', 0);
    if (options.maxmem !== 0) chosen.maxmem = options.maxmem;
  }
  return chosen;
}

function invalidScrypt(detail = '') {
  const error = new codes.ERR_CRYPTO_INVALID_SCRYPT_PARAMS();
  if (detail !== '') error.message += detail;
  return error;
}

function planScrypt(password, salt, keylen, options) {
  const { N, r, p, maxmem } = scryptOptions(options);
  const [passwordBytes, saltBytes] = [toBytes(password, 'password'), toBytes(salt, 'salt')];
  validateInt32(keylen, 'keylen', 0);
  // The memory that OpenSSL counts: the blocks, the table and one more block of work space.
  if (128 * r * p + 128 * r * (N + 2) > maxmem) {
    throw invalidScrypt(': error:030000AC:digital envelope routines::memory limit exceeded');
  }
  if (N < 2 || (N & (N - 1)) !== 0) throw invalidScrypt();
  return () => {
    const derived = crypto.scrypt(passwordBytes, saltBytes, [N, r, p], keylen);
    if (derived === undefined) throw invalidScrypt();
    return Buffer.from(derived);
  };
}

function scrypt(password, salt, keylen, options, callback = undefined) {
  if (callback === undefined) {
    callback = options;
    options = undefined;
  }
  const work = planScrypt(password, salt, keylen, options);
  validateFunction(callback, 'callback');
  settle(work, callback);
}

function scryptSync(password, salt, keylen, options = undefined) {
  return planScrypt(password, salt, keylen, options)();
}

function planHkdf(digest, key, salt, info, length) {
  const { secretBytes } = require('internal/crypto/keys');
  validateString(digest, 'digest');
  const keyBytes = secretBytes(
    key, 'utf8', 'ikm', ['string', 'SecretKeyObject', 'ArrayBuffer', 'TypedArray', 'DataView', 'Buffer']);
  const [saltBytes, infoBytes] = [toBytes(salt, 'salt'), toBytes(info, 'info')];
  validateInteger(length, 'length', 0, MAX_LENGTH);
  if (infoBytes.byteLength > MAX_INFO) {
    throw new codes.ERR_OUT_OF_RANGE('info', `must not contain more than ${MAX_INFO} bytes`, infoBytes.byteLength);
  }
  if (!crypto.knowsDigest(digest)) throw new codes.ERR_CRYPTO_INVALID_DIGEST(digest);
  const derived = crypto.hkdf(digest, keyBytes, saltBytes, infoBytes, length);
  if (derived === undefined) throw new codes.ERR_CRYPTO_INVALID_KEYLEN();
  return () => derived;
}

function hkdf(digest, key, salt, info, length, callback) {
  const work = planHkdf(digest, key, salt, info, length);
  validateFunction(callback, 'callback');
  settle(work, callback);
}

function hkdfSync(digest, key, salt, info, length) {
  return planHkdf(digest, key, salt, info, length)();
}

module.exports = { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync };
