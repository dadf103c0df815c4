'use strict';

// The errors of compression streams.

const { genericNodeError } = require('internal/errors');

const CODES = {
  __proto__: null,
  Z_OK: 0,
  Z_STREAM_END: 1,
  Z_NEED_DICT: 2,
  Z_ERRNO: -1,
  Z_STREAM_ERROR: -2,
  Z_DATA_ERROR: -3,
  Z_MEM_ERROR: -4,
  Z_BUF_ERROR: -5,
  Z_VERSION_ERROR: -6,
};
/** Both ways, as `zlib.codes`. */
const codes = Object.freeze({
  ...CODES,
  ...Object.fromEntries(Object.entries(CODES).map(([name, number]) => [number, name])),
});

function zlibError(message, errno) {
  return genericNodeError(message, { errno, code: codes[errno] });
}

/** The error that a step means, or undefined. `isFull` tells whether all room for output was used. */
function errorOf(stream, status, detail, isFinishing, isFull) {
  if (stream.isBrotli) {
    if (typeof detail === 'string') {
      if (stream.isCompressor) {
        return genericNodeError('Compression failed', { errno: status, code: 'ERR_ZLIB_COMPRESSION_FAILED' });
      }
      const code = `ERR_${detail.replace('BROTLI_DECODER', '')}`;
      return genericNodeError('Decompression failed', { errno: status, code });
    }
    const isCut = !stream.isCompressor && isFinishing && status !== 1 && !isFull;
    return isCut ? zlibError('unexpected end of file', -5) : undefined;
  }
  switch (status) {
    case 0:
    case -5:
      return !isFull && isFinishing ? zlibError(detail ?? 'unexpected end of file', -5) : undefined;
    case 1:
      return undefined;
    case 2:
      return zlibError(detail ?? (stream.hasDictionary ? 'Bad dictionary' : 'Missing dictionary'), 2);
    default:
      return zlibError(detail ?? 'Zlib error', status);
  }
}

module.exports = { codes, errorOf };
