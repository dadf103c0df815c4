'use strict';

// Compression as transform streams, on top of the streams of `zlib`.

const { codes } = require('internal/errors');
const { defineState, finishClass, inspectable, kState, requireBrand } = require('internal/webstreams/shared');
const { newReadableWritablePairFromDuplex } = require('internal/webstreams/adapters');

const FORMATS = ['deflate', 'deflate-raw', 'gzip'];
const COMPRESSORS = { 'deflate': 'createDeflate', 'deflate-raw': 'createDeflateRaw', 'gzip': 'createGzip' };
const DECOMPRESSORS = { 'deflate': 'createInflate', 'deflate-raw': 'createInflateRaw', 'gzip': 'createGunzip' };

function defineSlots(object, brand, factories, format) {
  if (!FORMATS.includes(format)) throw new codes.ERR_INVALID_ARG_VALUE('format', format);
  const stream = require('zlib')[factories[format]]();
  defineState(object, brand, { pair: newReadableWritablePairFromDuplex(stream) });
}

class CompressionStream {
  constructor(format) {
    defineSlots(this, 'CompressionStream', COMPRESSORS, format);
  }

  get readable() {
    requireBrand(this, 'CompressionStream');
    return this[kState].pair.readable;
  }

  get writable() {
    requireBrand(this, 'CompressionStream');
    return this[kState].pair.writable;
  }
}

class DecompressionStream {
  constructor(format) {
    defineSlots(this, 'DecompressionStream', DECOMPRESSORS, format);
  }

  get readable() {
    requireBrand(this, 'DecompressionStream');
    return this[kState].pair.readable;
  }

  get writable() {
    requireBrand(this, 'DecompressionStream');
    return this[kState].pair.writable;
  }
}

for (const Class of [CompressionStream, DecompressionStream]) {
  finishClass(Class, ['readable', 'writable'], Class.name);
  inspectable(Class, ({ readable, writable }) => ({ readable, writable }));
}

module.exports = { CompressionStream, DecompressionStream };
