'use strict';

// TextEncoder and TextDecoder: UTF-8, UTF-16 and Latin-1.

const { codes } = require('internal/errors');
const { kValidateObjectAllowObjectsAndNull, validateObject, validateString } = require('internal/validators');
const { isAnyArrayBuffer, isUint8Array } = require('internal/util/types');

const kInspect = Symbol.for('nodejs.util.inspect.custom');

const LABELS = new Map();
for (const [encoding, labels] of Object.entries({
  'utf-8': 'unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8',
  'utf-16le': 'csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le',
  'utf-16be': 'unicodefffe utf-16be',
  'windows-1252': 'ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 ' +
    'iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252',
})) {
  for (const label of labels.split(' ')) LABELS.set(label, encoding);
}

function encodingOf(label) {
  return LABELS.get(`${label}`.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '').toLowerCase());
}

let checkEncoder;
let checkDecoder;

class TextEncoder {
  #valid = true;

  static {
    checkEncoder = (value) => {
      if (typeof value !== 'object' || value === null || !(#valid in value)) {
        throw new codes.ERR_INVALID_THIS('TextEncoder');
      }
    };
  }

  get encoding() {
    checkEncoder(this);
    return 'utf-8';
  }

  encode(input = '') {
    checkEncoder(this);
    return new Uint8Array(binding('encoding').utf8Encode(`${input}`.toWellFormed()));
  }

  encodeInto(source, destination) {
    checkEncoder(this);
    validateString(source, 'src');
    if (!isUint8Array(destination)) throw new codes.ERR_INVALID_ARG_TYPE('dest', 'Uint8Array', destination);
    // No character takes less than a byte, so more than that many units cannot fit.
    const text = source.slice(0, destination.length + 1).toWellFormed();
    let bytes = new Uint8Array(binding('encoding').utf8Encode(text));
    if (bytes.length > destination.length) {
      let end = destination.length;
      while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
      bytes = bytes.subarray(0, end);
    }
    destination.set(bytes);
    return { read: unitsIn(bytes), written: bytes.length };
  }

  [kInspect](depth, options) {
    checkEncoder(this);
    if (typeof depth === 'number' && depth < 0) return this;
    return `${require('internal/util/inspect').inspect({ encoding: this.encoding }, options)}`;
  }
}

/** How many UTF-16 units a UTF-8 text stands for. */
function unitsIn(bytes) {
  let units = 0;
  for (const byte of bytes) {
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

function bytesOf(input) {
  if (input === undefined) return new Uint8Array(0);
  if (isAnyArrayBuffer(input)) return new Uint8Array(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  const error = new TypeError(
    'The "list" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.');
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

function concatenate(first, second) {
  if (first.length === 0) return second;
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #pending = new Uint8Array(0);
  #bomSeen = false;

  static {
    checkDecoder = (value) => {
      if (typeof value !== 'object' || value === null || !(#encoding in value)) {
        throw new codes.ERR_INVALID_THIS('TextDecoder');
      }
    };
  }

  constructor(encoding = 'utf-8', options = undefined) {
    const known = encodingOf(encoding);
    validateObject(options ?? {}, 'options', kValidateObjectAllowObjectsAndNull);
    if (known === undefined) throw new codes.ERR_ENCODING_NOT_SUPPORTED(`${encoding}`);
    this.#encoding = known;
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
  }

  get encoding() {
    checkDecoder(this);
    return this.#encoding;
  }

  get fatal() {
    checkDecoder(this);
    return this.#fatal;
  }

  get ignoreBOM() {
    checkDecoder(this);
    return this.#ignoreBOM;
  }

  decode(input = undefined, options = undefined) {
    checkDecoder(this);
    const stream = Boolean(options?.stream);
    let bytes = concatenate(this.#pending, bytesOf(input));
    this.#pending = new Uint8Array(0);
    if (stream) {
      const kept = incompleteTail(this.#encoding, bytes);
      this.#pending = bytes.slice(bytes.length - kept);
      bytes = bytes.subarray(0, bytes.length - kept);
    }
    let text;
    try {
      text = this.#convert(bytes);
    } catch (error) {
      this.#pending = new Uint8Array(0);
      this.#bomSeen = false;
      throw error;
    }
    if (!this.#ignoreBOM && !this.#bomSeen && bytes.length > 0) {
      if (text.charCodeAt(0) === 0xfeff && this.#encoding !== 'windows-1252') text = text.slice(1);
      this.#bomSeen = true;
    }
    if (!stream) this.#bomSeen = false;
    return text;
  }

  #convert(bytes) {
    const { latin1Decode, utf8Decode, utf8DecodeStrictly } = binding('encoding');
    switch (this.#encoding) {
      case 'utf-8': {
        if (!this.#fatal) return utf8Decode(bytes);
        return utf8DecodeStrictly(bytes) ?? this.#refuse();
      }
      case 'windows-1252': return latin1Decode(bytes);
      case 'utf-16be': {
        const swapped = bytes.slice();
        binding('buffer').swap(swapped, 2);
        return this.#convertUtf16(swapped);
      }
      default: return this.#convertUtf16(bytes);
    }
  }

  #convertUtf16(bytes) {
    const odd = bytes.length % 2 === 1;
    if (odd && this.#fatal) this.#refuse();
    const text = binding('encoding').utf16Decode(bytes) ??
      (this.#fatal ? this.#refuse() : require('internal/buffer/strings').utf16Slowly(bytes).toWellFormed());
    return odd ? `${text}\ufffd` : text;
  }

  #refuse() {
    throw new codes.ERR_ENCODING_INVALID_ENCODED_DATA(this.#encoding, undefined);
  }

  [kInspect](depth, options) {
    checkDecoder(this);
    if (typeof depth === 'number' && depth < 0) return this;
    const { inspect } = require('internal/util/inspect');
    const { encoding, fatal, ignoreBOM } = this;
    return `${this.constructor.name} ${inspect({ encoding, fatal, ignoreBOM }, options)}`;
  }
}

/** How many bytes at the end belong to a character that the next piece may complete. */
function incompleteTail(encoding, bytes) {
  if (encoding === 'utf-8') return binding('encoding').utf8Incomplete(bytes);
  if (encoding === 'windows-1252') return 0;
  const odd = bytes.length % 2;
  if (bytes.length - odd < 2) return odd;
  const high = bytes[bytes.length - odd - (encoding === 'utf-16le' ? 1 : 2)];
  return odd + (high >= 0xd8 && high <= 0xdb ? 2 : 0);
}

for (const [Class, names] of [
  [TextEncoder, ['encode', 'encodeInto', 'encoding']],
  [TextDecoder, ['decode', 'encoding', 'fatal', 'ignoreBOM']],
]) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}

module.exports = { TextDecoder, TextEncoder };
