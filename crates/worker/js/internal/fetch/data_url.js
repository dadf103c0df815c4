'use strict';

// What a `data:` URL holds.

const { Buffer } = require('buffer');
const { MIMEType } = require('internal/util/mime');

function percentDecode(text) {
  const decoded = text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  return Buffer.from(decoded, 'latin1');
}

/** Bytes of base64 with white space in it; null if it is none. */
function forgivingBase64(text) {
  let data = text.replace(/[\t\n\f\r ]/g, '');
  if (data.length % 4 === 0) data = data.replace(/={1,2}$/, '');
  if (data.length % 4 === 1 || /[^+/0-9A-Za-z]/.test(data)) return null;
  return Buffer.from(data, 'base64');
}

/** The bytes and the type of `url`; null if it is malformed. */
function readDataUrl(url) {
  const text = url.href.slice('data:'.length, url.href.length - url.hash.length).replace(/#$/, '');
  const comma = text.indexOf(',');
  if (comma === -1) return null;
  let type = text.slice(0, comma).trim();
  // The URL's own text is ASCII: everything else is in percent notation.
  let bytes = percentDecode(text.slice(comma + 1));
  const base64 = /; *base64$/i.exec(type);
  if (base64 !== null) {
    bytes = forgivingBase64(bytes.toString('latin1'));
    if (bytes === null) return null;
    type = type.slice(0, base64.index);
  }
  if (type.startsWith(';')) type = `text/plain${type}`;
  try {
    type = new MIMEType(type).toString();
  } catch {
    type = 'text/plain;charset=US-ASCII';
  }
  return { bytes: new Uint8Array(bytes), type };
}

module.exports = { readDataUrl };
