'use strict';

// Bodies that came compressed.

const { Transform } = require('stream');
const zlib = require('zlib');

const MAX_ENCODINGS = 5;

// What servers send is sometimes slightly wrong at its end, and everybody reads it all the same.
const LENIENT = { flush: zlib.constants.Z_SYNC_FLUSH, finishFlush: zlib.constants.Z_SYNC_FLUSH };
const LENIENT_BROTLI = {
  flush: zlib.constants.BROTLI_OPERATION_FLUSH,
  finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH,
};

/** `deflate`, which half of the world sends with its wrapping and half without. */
class Inflate extends Transform {
  #inner;

  _transform(chunk, encoding, callback) {
    if (this.#inner === undefined) {
      if (chunk.length === 0) {
        callback();
        return;
      }
      const isWrapped = (chunk[0] & 0x0f) === 0x08;
      this.#inner = isWrapped ? zlib.createInflate(LENIENT) : zlib.createInflateRaw(LENIENT);
      this.#inner.on('data', (data) => this.push(data));
      this.#inner.on('end', () => this.push(null));
      this.#inner.on('error', (error) => this.destroy(error));
    }
    this.#inner.write(chunk, encoding, callback);
  }

  _final(callback) {
    this.#inner?.end();
    callback();
  }
}

const DECODERS = {
  '__proto__': null,
  'gzip': () => zlib.createGunzip(LENIENT),
  'x-gzip': () => zlib.createGunzip(LENIENT),
  'deflate': () => new Inflate(),
  'br': () => zlib.createBrotliDecompress(LENIENT_BROTLI),
};

/** The streams that undo a `Content-Encoding`, in their order; none if one of them is not known. */
function decodersFor(contentEncoding) {
  const names = contentEncoding === null ? [] : contentEncoding.toLowerCase().split(',').reverse();
  if (names.length > MAX_ENCODINGS) {
    throw new Error(
      `too many content-encodings in response: ${names.length}, maximum allowed is ${MAX_ENCODINGS}`);
  }
  const makers = names.map((name) => DECODERS[name.trim()]);
  return makers.includes(undefined) ? [] : makers.map((make) => make());
}

module.exports = { decodersFor };
