'use strict';

// `multipart/form-data`: a form as bytes, and bytes as a form.

const { Buffer } = require('buffer');
const { File } = require('internal/blob');

const MAX_PART_HEADERS = 16;

function escapeName(text) {
  return text.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');
}

function withLineBreaks(text) {
  return text.replace(/\r?\n|\r/g, '\r\n');
}

/** The form's bytes, in pieces of bytes and of blobs, with how many that is and the content's type. */
function encode(form) {
  const number = require('internal/crypto/random').randomInt(0, 1e11);
  const boundary = `----formdata-undici-0${`${number}`.padStart(11, '0')}`;
  const pieces = [];
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(withLineBreaks(name))}"`;
    if (typeof value === 'string') {
      pieces.push(Buffer.from(`${head}\r\n\r\n${withLineBreaks(value)}\r\n`));
    } else {
      const fileName = value.name === '' ? '' : `; filename="${escapeName(value.name)}"`;
      const type = value.type || 'application/octet-stream';
      pieces.push(Buffer.from(`${head}${fileName}\r\nContent-Type: ${type}\r\n\r\n`), value, Buffer.from('\r\n'));
    }
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  const length = pieces.reduce((sum, piece) => sum + (piece.size ?? piece.length), 0);
  return { pieces, length, type: `multipart/form-data; boundary=${boundary}` };
}

/** The value of a quoted parameter that starts at `text[0]`, and what follows it; null if it does not end. */
function quoted(text) {
  const found = /^"([^"\r\n]*)"/.exec(text);
  if (found === null) return null;
  const value = Buffer.from(found[1], 'latin1').toString()
    .replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"');
  return { value, rest: text.slice(found[0].length) };
}

/** The name and file name that `Content-Disposition` gives; null if it is none of a form. */
function disposition(text) {
  if (!text.startsWith('form-data; name=')) return null;
  const name = quoted(text.slice('form-data; name='.length));
  if (name === null) return null;
  const match = /^; filename\*?=/.exec(name.rest);
  if (match === null) return { name: name.value, fileName: null };
  const fileName = quoted(name.rest.slice(match[0].length));
  return fileName && { name: name.value, fileName: fileName.value };
}

/** A part's headers, up to the empty line; null if they are malformed. */
function parseHead(bytes, start) {
  const head = { name: null, fileName: null, type: null, encoding: null };
  for (let count = 0, position = start; count <= MAX_PART_HEADERS; count++) {
    const end = bytes.indexOf('\r\n', position);
    if (end === -1) return null;
    const line = bytes.toString('latin1', position, end);
    position = end + 2;
    if (line === '') return head.name === null ? null : { ...head, end: position };
    const match = /^[\t ]*([!#$%&'*+\-.^_`|~A-Za-z0-9]+)[\t ]*:[\t ]*(.*?)[\t ]*$/.exec(line);
    if (match === null) return null;
    const [, header, value] = match;
    switch (header.toLowerCase()) {
      case 'content-disposition': {
        const names = disposition(value);
        if (names === null) return null;
        Object.assign(head, names);
        break;
      }
      case 'content-type': head.type = value; break;
      case 'content-transfer-encoding': head.encoding = value; break;
      default:
    }
  }
  return null;
}

/** Adds what `bytes` say to `form`; whether they are well-formed. */
function decode(bytes, boundary, form) {
  if (boundary === null) return false;
  const delimiter = Buffer.from(`--${boundary}`);
  let position = 0;
  while (bytes[position] === 13 && bytes[position + 1] === 10) position += 2;
  for (;;) {
    if (!bytes.subarray(position, position + delimiter.length).equals(delimiter)) return false;
    position += delimiter.length;
    const rest = bytes.toString('latin1', position, position + 2);
    if (rest === '--') return /^(?:\r\n)*$/.test(bytes.toString('latin1', position + 2));
    if (rest !== '\r\n') return false;
    const head = parseHead(bytes, position + 2);
    if (head === null) return false;
    const end = bytes.indexOf(`\r\n--${boundary}`, head.end, 'utf8');
    if (end === -1) return false;
    let content = bytes.subarray(head.end, end);
    position = end + 2;
    if (head.encoding === 'base64') content = Buffer.from(content.toString(), 'base64');
    if (head.fileName === null) {
      form.append(head.name, new TextDecoder('utf-8').decode(content));
    } else {
      const type = head.type ?? 'text/plain';
      const isAscii = !/[^\0-\x7f]/.test(type);
      form.append(head.name, new File([content], head.fileName, { type: isAscii ? type : '' }));
    }
  }
}

module.exports = { decode, encode };
