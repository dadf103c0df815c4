'use strict';

// Hashes, key derivation and randomness. Ciphers, signatures and keys of pairs can be named, not used.

const { defineLazy } = require('internal/lazy');
const { unsupported } = require('internal/unsupported');

const derivation = (name) => () => require('internal/crypto/derivation')[name];
const hashing = (name) => () => require('internal/crypto/hash')[name];
const keys = (name) => () => require('internal/crypto/keys')[name];
const random = (name) => () => require('internal/crypto/random')[name];
const web = () => require('internal/crypto/webcrypto').crypto;

for (const name of [
  'checkPrime', 'checkPrimeSync', 'createCipheriv', 'createDecipheriv', 'createDiffieHellman',
  'createDiffieHellmanGroup', 'createECDH', 'createPrivateKey', 'createPublicKey', 'createSign', 'createVerify',
  'diffieHellman', 'generateKey', 'generateKeyPair', 'generateKeyPairSync', 'generateKeySync', 'generatePrime',
  'generatePrimeSync', 'getDiffieHellman', 'privateDecrypt', 'privateEncrypt', 'publicDecrypt', 'publicEncrypt',
  'setEngine', 'setFips', 'sign', 'verify', 'Certificate', 'Cipher', 'Cipheriv', 'Decipher', 'Decipheriv',
  'DiffieHellman', 'DiffieHellmanGroup', 'ECDH', 'Sign', 'Verify', 'X509Certificate',
]) {
  exports[name] = unsupported('crypto', name);
}

exports.createHash = function createHash(algorithm, options) {
  return new exports.Hash(algorithm, options);
};
exports.createHmac = function createHmac(algorithm, key, options) {
  return new exports.Hmac(algorithm, key, options);
};
/** There are no ciphers and curves, so no information about any. */
exports.getCiphers = function getCiphers() {
  return [];
};
exports.getCipherInfo = function getCipherInfo() {
  return undefined;
};
exports.getCurves = function getCurves() {
  return [];
};
exports.getFips = function getFips() {
  return 0;
};
exports.secureHeapUsed = function secureHeapUsed() {
  return { total: 0, used: 0, utilization: 0, min: 2 };
};
exports.getRandomValues = function getRandomValues(array) {
  return web().getRandomValues(array);
};

defineLazy(exports, {
  Hash: hashing('Hash'),
  Hmac: hashing('Hmac'),
  KeyObject: keys('KeyObject'),
  constants: () => require('internal/crypto/constants'),
  createSecretKey: keys('createSecretKey'),
  getHashes: hashing('getHashes'),
  hash: hashing('hash'),
  hkdf: derivation('hkdf'),
  hkdfSync: derivation('hkdfSync'),
  pbkdf2: derivation('pbkdf2'),
  pbkdf2Sync: derivation('pbkdf2Sync'),
  randomBytes: random('randomBytes'),
  randomFill: random('randomFill'),
  randomFillSync: random('randomFillSync'),
  randomInt: random('randomInt'),
  randomUUID: random('randomUUID'),
  scrypt: derivation('scrypt'),
  scryptSync: derivation('scryptSync'),
  subtle: () => web().subtle,
  timingSafeEqual: random('timingSafeEqual'),
  webcrypto: web,
});

for (const [name, of] of [['prng', 'randomBytes'], ['pseudoRandomBytes', 'randomBytes'], ['rng', 'randomBytes']]) {
  Object.defineProperty(exports, name, { get: () => exports[of], enumerable: false, configurable: true });
}
