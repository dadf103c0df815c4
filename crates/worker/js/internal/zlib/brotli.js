'use strict';

// The brotli streams.

const { codes } = require('internal/errors');
const constants = require('internal/zlib/constants');
const { ZlibBase } = require('internal/zlib/base');

const zlib = binding('zlib');
const { BROTLI_OPERATION_EMIT_METADATA, BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_PROCESS } =
  constants;
const LARGEST_PARAMETER = 9;

/** A compressor's parameters by their numbers; −1 where nothing was asked for. */
function parametersOf(options) {
  const values = new Array(LARGEST_PARAMETER + 1).fill(-1);
  for (const key of Object.keys(options?.params ?? {})) {
    const number = Number(key);
    if (Number.isNaN(number) || number < 0 || number > LARGEST_PARAMETER || values[number] !== -1) {
      throw new codes.ERR_BROTLI_INVALID_PARAM(key);
    }
    const value = options.params[key];
    if (typeof value !== 'number' && typeof value !== 'boolean') {
      throw new codes.ERR_INVALID_ARG_TYPE('options.params[key]', 'number', value);
    }
    values[number] = Number(value);
  }
  return values;
}

function define(name, isCompressor) {
  const Class = { [name]: function(options) {
    if (!(this instanceof Class)) return new Class(options);
    const parameters = parametersOf(options);
    const handle = isCompressor ? zlib.brotliEncoder(parameters) : zlib.brotliDecoder();
    if (handle === undefined) throw new codes.ERR_ZLIB_INITIALIZATION_FAILED();
    Reflect.apply(ZlibBase, this, [options, {
      handle,
      flush: BROTLI_OPERATION_PROCESS,
      finishFlush: BROTLI_OPERATION_FINISH,
      fullFlush: BROTLI_OPERATION_FLUSH,
      maxFlush: BROTLI_OPERATION_EMIT_METADATA,
      kind: { isBrotli: true, isCompressor, hasDictionary: false, finish: BROTLI_OPERATION_FINISH },
    }]);
    return undefined;
  } }[name];
  Object.setPrototypeOf(Class.prototype, ZlibBase.prototype);
  Object.setPrototypeOf(Class, ZlibBase);
  return Class;
}

module.exports = {
  BrotliCompress: define('BrotliCompress', true),
  BrotliDecompress: define('BrotliDecompress', false),
};
