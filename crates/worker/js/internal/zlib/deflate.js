'use strict';

// The deflate family of compression streams.

const { codes } = require('internal/errors');
const constants = require('internal/zlib/constants');
const { ZlibBase, flushMark } = require('internal/zlib/base');
const { checkRangesOrGetDefault, validateFunction } = require('internal/validators');

const zlib = binding('zlib');
const {
  DEFLATE, DEFLATERAW, GUNZIP, GZIP, INFLATE, INFLATERAW, UNZIP, Z_BLOCK, Z_DEFAULT_COMPRESSION, Z_DEFAULT_MEMLEVEL,
  Z_DEFAULT_STRATEGY, Z_DEFAULT_WINDOWBITS, Z_FINISH, Z_FIXED, Z_FULL_FLUSH, Z_MAX_LEVEL, Z_MAX_MEMLEVEL,
  Z_MAX_WINDOWBITS, Z_MIN_LEVEL, Z_MIN_MEMLEVEL, Z_MIN_WINDOWBITS, Z_NO_FLUSH, Z_SYNC_FLUSH,
} = constants;

const MAY_TAKE_WINDOW_FROM_HEADER = new Set([INFLATE, GUNZIP, UNZIP]);
const COMPRESSORS = new Set([DEFLATE, GZIP, DEFLATERAW]);

function toDictionary(dictionary) {
  if (dictionary === undefined) return undefined;
  if (ArrayBuffer.isView(dictionary)) {
    return new Uint8Array(dictionary.buffer, dictionary.byteOffset, dictionary.byteLength);
  }
  if (dictionary instanceof ArrayBuffer) return new Uint8Array(dictionary);
  throw new codes.ERR_INVALID_ARG_TYPE(
    'options.dictionary', ['Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], dictionary);
}

function windowBitsOf(options, mode) {
  const bits = options.windowBits;
  if ((bits == null || bits === 0) && MAY_TAKE_WINDOW_FROM_HEADER.has(mode)) return 0;
  // A raw stream of the smallest window cannot be read back, and gzip has none.
  const smallest = mode === GZIP ? Z_MIN_WINDOWBITS + 1 : Z_MIN_WINDOWBITS;
  return checkRangesOrGetDefault(
    bits, 'options.windowBits', smallest, Z_MAX_WINDOWBITS, Z_DEFAULT_WINDOWBITS);
}

function Zlib(options, mode) {
  const chosen = options ?? {};
  const windowBits = windowBitsOf(chosen, mode);
  const level = checkRangesOrGetDefault(
    chosen.level, 'options.level', Z_MIN_LEVEL, Z_MAX_LEVEL, Z_DEFAULT_COMPRESSION);
  const memLevel = checkRangesOrGetDefault(
    chosen.memLevel, 'options.memLevel', Z_MIN_MEMLEVEL, Z_MAX_MEMLEVEL, Z_DEFAULT_MEMLEVEL);
  const strategy = checkRangesOrGetDefault(
    chosen.strategy, 'options.strategy', Z_DEFAULT_STRATEGY, Z_FIXED, Z_DEFAULT_STRATEGY);
  const dictionary = toDictionary(chosen.dictionary);
  const isCompressor = COMPRESSORS.has(mode);
  // A compressor's window of 8 is one of 9, as in zlib itself.
  const size = isCompressor ? Math.max(windowBits, Z_MIN_WINDOWBITS + 1) : windowBits;
  const handle = zlib.deflate(mode, level, size, memLevel, strategy, dictionary);
  if (handle === undefined) throw new codes.ERR_ZLIB_INITIALIZATION_FAILED();
  ZlibBase.call(this, options, {
    handle,
    flush: Z_NO_FLUSH,
    finishFlush: Z_FINISH,
    fullFlush: Z_FULL_FLUSH,
    maxFlush: Z_BLOCK,
    kind: { isBrotli: false, isCompressor, hasDictionary: dictionary !== undefined, finish: Z_FINISH },
  });
  this._level = level;
  this._strategy = strategy;
  this._mode = mode;
}
Object.setPrototypeOf(Zlib.prototype, ZlibBase.prototype);
Object.setPrototypeOf(Zlib, ZlibBase);

Zlib.prototype.params = function params(level, strategy, callback) {
  checkRangesOrGetDefault(level, 'level', Z_MIN_LEVEL, Z_MAX_LEVEL);
  checkRangesOrGetDefault(strategy, 'strategy', Z_DEFAULT_STRATEGY, Z_FIXED);
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (this._level === level && this._strategy === strategy) {
    if (callback) process.nextTick(callback);
    return;
  }
  // What was written before belongs to the old level.
  this.write(flushMark(Z_SYNC_FLUSH), '', () => {
    if (!this._handle) {
      this.destroy(new Error('zlib binding closed'));
      return;
    }
    this._handle.setLevel(level);
    this._level = level;
    this._strategy = strategy;
    if (callback) callback();
  });
};

function define(name, mode) {
  const Class = { [name]: function(options) {
    if (!(this instanceof Class)) return new Class(options);
    Reflect.apply(Zlib, this, [options, mode]);
    return undefined;
  } }[name];
  Object.setPrototypeOf(Class.prototype, Zlib.prototype);
  Object.setPrototypeOf(Class, Zlib);
  return Class;
}

module.exports = {
  Deflate: define('Deflate', DEFLATE),
  DeflateRaw: define('DeflateRaw', DEFLATERAW),
  Gunzip: define('Gunzip', GUNZIP),
  Gzip: define('Gzip', GZIP),
  Inflate: define('Inflate', INFLATE),
  InflateRaw: define('InflateRaw', INFLATERAW),
  Unzip: define('Unzip', UNZIP),
};
