'use strict';

// The globals atob and btoa, and buffer.transcode.

const { codes } = require('internal/errors');
const { isUint8Array } = require('internal/util/types');
const { encodingNamed } = require('internal/buffer/strings');

function refuse(message) {
  const DOMException = require('internal/dom_exception');
  return new DOMException(message, 'InvalidCharacterError');
}

function btoa(input) {
  if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('input');
  const text = `${input}`;
  if (/[^\0-\u00ff]/.test(text)) throw refuse('Invalid character');
  return encodingNamed('base64').decode(encodingNamed('latin1').encode(text));
}

function atob(input) {
  if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('input');
  const text = `${input}`.replace(/[\t\n\f\r ]+/g, '');
  const padding = /=*$/.exec(text)[0].length;
  if (!/^[A-Za-z0-9+/]*=*$/.test(text)) throw refuse('Invalid character');
  const remainder = text.length % 4;
  if (padding > 2 || (padding > 0 && remainder !== 0)) throw refuse('Invalid character');
  if (remainder === 1) throw refuse('The string to be decoded is not correctly encoded.');
  return encodingNamed('latin1').decode(encodingNamed('base64').encode(text));
}

const TRANSCODED = new Set(['utf8', 'utf16le', 'latin1', 'ascii']);

function transcodeError(name, errno) {
  const error = new Error(`Unable to transcode Buffer [${name}]`);
  error.code = name;
  error.errno = errno;
  return error;
}

/** `source` in another encoding; what that cannot express becomes a question mark. */
function transcode(source, fromEncoding, toEncoding) {
  if (!isUint8Array(source)) throw new codes.ERR_INVALID_ARG_TYPE('source', ['Buffer', 'Uint8Array'], source);
  const { Buffer } = require('buffer');
  if (source.length === 0) return Buffer.alloc(0);
  const from = encodingNamed(fromEncoding);
  const to = encodingNamed(toEncoding);
  if (!TRANSCODED.has(from?.name) || !TRANSCODED.has(to?.name)) throw transcodeError('U_ILLEGAL_ARGUMENT_ERROR', 1);
  if (from.name === 'utf8' && !binding('buffer').isUtf8(source)) throw transcodeError('U_INVALID_CHAR_FOUND', 10);
  let text;
  if (from.name === 'ascii') {
    // A byte that is not ASCII is no character at all.
    text = encodingNamed('latin1').decode(source).replace(/[\u0080-\u00ff]/g, '\ufffd');
  } else {
    text = from.decode(source);
  }
  if (to.name === 'latin1') text = text.replace(/[^\0-\u00ff]/gu, '?');
  else if (to.name === 'ascii') text = text.replace(/[^\0-\u007f]/gu, '?');
  return Buffer.from(text, to.name);
}

module.exports = { atob, btoa, transcode };
