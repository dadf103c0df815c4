'use strict';

// The encodings of Buffer: text to bytes, bytes to text, and lengths.

const encoding = binding('encoding');

/** The bytes of text whose lone surrogates must survive, `width` bytes for each unit. */
function unitsSlowly(text, width) {
  const bytes = new Uint8Array(text.length * width);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes[index * width] = unit;
    if (width === 2) bytes[index * 2 + 1] = unit >> 8;
  }
  return bytes;
}

/** Text with lone surrogates from little-endian units; an odd byte at the end is left out. */
function utf16Slowly(bytes) {
  const CHUNK = 4096;
  let text = '';
  for (let start = 0; start + 1 < bytes.length; start += CHUNK * 2) {
    const units = [];
    const end = Math.min(start + CHUNK * 2, bytes.length - 1);
    for (let index = start; index < end; index += 2) units.push(bytes[index] | (bytes[index + 1] << 8));
    text += String.fromCharCode(...units);
  }
  return text;
}

function latin1Bytes(text) {
  return text.isWellFormed() ? new Uint8Array(encoding.latin1Encode(text)) : unitsSlowly(text, 1);
}

const utf8 = {
  name: 'utf8',
  byteLength: (text) => encoding.utf8Length(text),
  encode: (text) => new Uint8Array(encoding.utf8Encode(text.toWellFormed())),
  decode: encoding.utf8Decode,
  /** How many of `bytes`, which do not all fit into `limit`, are whole characters. */
  whole(bytes, limit) {
    while (limit > 0 && (bytes[limit] & 0xc0) === 0x80) limit--;
    return limit;
  },
};

const utf16le = {
  name: 'utf16le',
  byteLength: (text) => text.length * 2,
  encode: (text) => (text.isWellFormed() ? new Uint8Array(encoding.utf16Encode(text)) : unitsSlowly(text, 2)),
  decode: (bytes) => encoding.utf16Decode(bytes) ?? utf16Slowly(bytes),
  whole: (bytes, limit) => limit & ~1,
};

const latin1 = {
  name: 'latin1',
  byteLength: (text) => text.length,
  encode: latin1Bytes,
  decode: encoding.latin1Decode,
};

const ascii = {
  name: 'ascii',
  byteLength: (text) => text.length,
  encode: latin1Bytes,
  decode: encoding.asciiDecode,
};

function base64Length(text) {
  let { length } = text;
  if (length > 0 && text[length - 1] === '=') length--;
  if (length > 1 && text[length - 1] === '=') length--;
  return Math.floor((length * 3) / 4);
}

const base64Bytes = (text) => new Uint8Array(encoding.base64Decode(text.toWellFormed()));

const base64 = { name: 'base64', byteLength: base64Length, encode: base64Bytes, decode: encoding.base64Encode };
const base64url = { ...base64, name: 'base64url', decode: encoding.base64urlEncode };

const hex = {
  name: 'hex',
  byteLength: (text) => text.length >>> 1,
  encode: (text) => new Uint8Array(encoding.hexDecode(text.toWellFormed())),
  decode: encoding.hexEncode,
};

const byName = {
  '__proto__': null,
  utf8, 'utf-8': utf8, 'ucs2': utf16le, 'ucs-2': utf16le, utf16le, 'utf-16le': utf16le,
  latin1, 'binary': latin1, ascii, base64, base64url, hex,
};

/** The operations of the encoding called `name`, or undefined. */
function encodingNamed(name) {
  const text = `${name}`;
  return byName[text] ?? byName[text.toLowerCase()];
}

/** Writes as many whole characters of `text` as fit into `length` bytes at `offset`; gives how many bytes that were. */
function writeText(target, operations, text, offset, length) {
  const bytes = operations.encode(text);
  let count = Math.min(length, target.length - offset);
  if (bytes.length <= count) count = bytes.length;
  else if (operations.whole !== undefined) count = operations.whole(bytes, count);
  if (count > 0) target.set(count === bytes.length ? bytes : bytes.subarray(0, count), offset);
  return Math.max(count, 0);
}

module.exports = { encodingNamed, utf16Slowly, utf8, writeText };
