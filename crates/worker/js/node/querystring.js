'use strict';

const { codes } = require('internal/errors');

const MAX_KEYS = 1000;

/** The bytes that `text` stands for, malformed escapes left as they are. */
function unescapeBuffer(text, decodeSpaces) {
  const { Buffer } = require('buffer');
  const bytes = Buffer.allocUnsafe(text.length);
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code === 43 && decodeSpaces) {
      code = 32;
    } else if (code === 37) {
      const digits = text.slice(index + 1, index + 3);
      if (/^[0-9A-Fa-f]{2}$/.test(digits)) {
        code = parseInt(digits, 16);
        index += 2;
      }
    }
    bytes[count++] = code;
  }
  return bytes.slice(0, count);
}

function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text);
  } catch {
    return querystring.unescapeBuffer(text, decodeSpaces).toString();
  }
}

function escape(value) {
  const text = typeof value === 'string' ? value : typeof value === 'object' ? String(value) : `${value}`;
  try {
    return encodeURIComponent(text);
  } catch {
    throw new codes.ERR_INVALID_URI();
  }
}

function primitiveText(value) {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`;
  if (typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  return '';
}

function stringify(object, separator, equals, options) {
  separator ||= '&';
  equals ||= '=';
  const encoder = typeof options?.encodeURIComponent === 'function' ? options.encodeURIComponent : querystring.escape;
  const encode = (value) => {
    const text = primitiveText(value);
    // An own encoder sees every text that is not empty; digits need no encoding by the usual one.
    return text === '' ? '' : encoder(text);
  };
  if (object === null || typeof object !== 'object') return '';
  const fields = [];
  for (const key of Object.keys(object)) {
    const value = object[key];
    const prefix = `${encode(key)}${equals}`;
    if (Array.isArray(value)) for (const item of value) fields.push(`${prefix}${encode(item)}`);
    else fields.push(`${prefix}${encode(value)}`);
  }
  return fields.join(separator);
}

function makeDecoder(options) {
  const decoder = typeof options?.decodeURIComponent === 'function' ? options.decodeURIComponent : querystring.unescape;
  const custom = decoder !== unescape;
  return (text) => {
    if (text === '') return '';
    const spaced = text.replaceAll('+', custom ? '%20' : ' ');
    if (!custom && !/%[0-9A-Fa-f]{2}/.test(spaced)) return spaced;
    try {
      return decoder(spaced);
    } catch {
      return querystring.unescape(spaced, true);
    }
  };
}

function parse(query, separator, equals, options) {
  const result = { __proto__: null };
  if (typeof query !== 'string' || query.length === 0) return result;
  separator = separator ? `${separator}` : '&';
  equals = equals ? `${equals}` : '=';
  const limit = typeof options?.maxKeys === 'number' ? options.maxKeys : MAX_KEYS;
  const decode = makeDecoder(options);
  let pairs = 0;
  for (const field of query.split(separator)) {
    // Empty fields give nothing, but count.
    const full = limit > 0 && ++pairs === limit;
    if (field === '') {
      if (full) break;
      continue;
    }
    const at = field.indexOf(equals);
    const key = decode(at === -1 ? field : field.slice(0, at));
    const value = at === -1 ? '' : decode(field.slice(at + equals.length));
    if (!Object.hasOwn(result, key)) result[key] = value;
    else if (Array.isArray(result[key])) result[key].push(value);
    else result[key] = [result[key], value];
    if (full) break;
  }
  return result;
}

const querystring = {
  unescapeBuffer,
  unescape,
  escape,
  stringify,
  encode: stringify,
  parse,
  decode: parse,
};

module.exports = querystring;
