'use strict';

// Compression.

const { defineLazy } = require('internal/lazy');
const { validateFunction, validateUint32 } = require('internal/validators');

const deflate = (name) => () => require('internal/zlib/deflate')[name];
const brotli = (name) => () => require('internal/zlib/brotli')[name];
const loaders = {};
for (const name of ['Deflate', 'Inflate', 'Gzip', 'Gunzip', 'DeflateRaw', 'InflateRaw', 'Unzip']) {
  loaders[name] = deflate(name);
}
loaders.BrotliCompress = brotli('BrotliCompress');
loaders.BrotliDecompress = brotli('BrotliDecompress');
defineLazy(exports, loaders);

/** The function that converts everything at once, in both forms. */
function defineConversions(name, className) {
  const syncName = `${name}Sync`;
  exports[name] = { [name](buffer, options, callback) {
    if (typeof options === 'function') {
      callback = options;
      options = {};
    }
    validateFunction(callback, 'callback');
    require('internal/zlib/base').convert(new exports[className](options), buffer, callback);
  } }[name];
  exports[syncName] = { [syncName](buffer, options) {
    return require('internal/zlib/base').convertSync(new exports[className](options), buffer);
  } }[syncName];
}
defineConversions('deflate', 'Deflate');
defineConversions('gzip', 'Gzip');
defineConversions('deflateRaw', 'DeflateRaw');
defineConversions('unzip', 'Unzip');
defineConversions('inflate', 'Inflate');
defineConversions('gunzip', 'Gunzip');
defineConversions('inflateRaw', 'InflateRaw');
defineConversions('brotliCompress', 'BrotliCompress');
defineConversions('brotliDecompress', 'BrotliDecompress');

for (const className of Object.keys(loaders)) {
  const name = `create${className}`;
  exports[name] = { [name](options) { return new exports[className](options); } }[name];
}

exports.crc32 = function crc32(data, value = 0) {
  const { Buffer } = require('buffer');
  if (typeof data === 'string') {
    data = Buffer.from(data);
  } else if (!ArrayBuffer.isView(data)) {
    const { codes } = require('internal/errors');
    throw new codes.ERR_INVALID_ARG_TYPE('data', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
  }
  validateUint32(value, 'value');
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return binding('zlib').crc32(bytes, value);
};

Object.defineProperties(exports, {
  constants: { enumerable: true, value: require('internal/zlib/constants') },
  codes: { enumerable: true, get: () => require('internal/zlib/errors').codes },
});

// The older names, which are not listed.
for (const [name, value] of Object.entries(exports.constants)) {
  if (!name.startsWith('BROTLI')) Object.defineProperty(exports, name, { value, enumerable: false });
}
