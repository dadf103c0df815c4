'use strict';

// Bodies of requests and responses: what can be one, and how it is read.

const { Buffer } = require('buffer');
const { Blob } = require('internal/blob');
const { domString, failure, requireBrand, usvString } = require('internal/fetch/convert');
const { FormData, isFormData } = require('internal/fetch/form_data');
const multipart = require('internal/fetch/multipart');
const { isDisturbed } = require('internal/streams/predicates');
const { MIMEType } = require('internal/util/mime');
const { ReadableStream } = require('internal/webstreams/readable');
const types = require('internal/util/types');
const { URLSearchParams } = require('internal/url');

/**
 * A body: its stream, and where the stream comes from if it can be made again; its length if that is known.
 *
 * The source is bytes, a Blob, or a list of both.
 */
class Body {
  constructor(stream, source = null, length = null) {
    this.stream = stream;
    this.source = source;
    this.length = length;
  }

  static of(source, length) {
    return new Body(streamOf(source), source, length);
  }

  /** The body again, from its source. */
  again() {
    return Body.of(this.source, this.length);
  }

  /** Another body of the same bytes. */
  clone() {
    const [mine, other] = this.stream.tee();
    this.stream = mine;
    return new Body(other, this.source, this.length);
  }

  get isUsed() {
    return isDisturbed(this.stream);
  }

  get isUnusable() {
    return this.stream.locked || this.isUsed;
  }
}

function closeSoon(controller) {
  queueMicrotask(() => {
    controller.close();
    controller.byobRequest?.respond(0);
  });
}

/** A stream of bytes, of a Blob or of a list of both. */
function streamOf(source) {
  if (source instanceof Blob) return source.stream();
  if (Array.isArray(source)) return streamOfPieces(source);
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      // A copy, because the reader gets the memory itself.
      if (source.length > 0) controller.enqueue(new Uint8Array(source));
      closeSoon(controller);
    },
  });
}

function streamOfPieces(pieces) {
  async function* generate() {
    for (const piece of pieces) {
      if (piece instanceof Blob) yield* piece.stream();
      else yield new Uint8Array(piece);
    }
  }
  return streamOfIterable(generate());
}

function streamOfIterable(iterable) {
  const iterator = iterable[Symbol.asyncIterator]();
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) {
        closeSoon(controller);
        return;
      }
      const bytes = new Uint8Array(typeof value === 'string' ? Buffer.from(value) : value);
      if (bytes.byteLength > 0) controller.enqueue(bytes);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** What a program gives for a body: anything that is no body becomes text. */
function bodyInit(value, prefix, argument) {
  if (value instanceof ReadableStream || value?.[Symbol.asyncIterator]) return value;
  if (typeof value === 'string') return usvString(value);
  if (value instanceof Blob || isFormData(value) || value instanceof URLSearchParams) return value;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    if (types.isSharedArrayBuffer(value.buffer ?? value)) {
      throw failure('ArrayBuffer', 'SharedArrayBuffer is not allowed.');
    }
    return value;
  }
  return domString(value, prefix, argument);
}

function bytesOf(value) {
  if (typeof value === 'string') return new Uint8Array(Buffer.from(value));
  if (ArrayBuffer.isView(value)) {
    return Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  return new Uint8Array(value.slice(0));
}

/** The body that a converted value is, with its content type or null. */
function extractBody(value, isKeepalive = false) {
  if (isFormData(value)) {
    const { pieces, length, type } = multipart.encode(value);
    return [Body.of(pieces, length), type];
  }
  if (value instanceof Blob) return [Body.of(value, value.size), value.type || null];
  if (value instanceof URLSearchParams) {
    const bytes = bytesOf(value.toString());
    return [Body.of(bytes, bytes.length), 'application/x-www-form-urlencoded;charset=UTF-8'];
  }
  if (typeof value === 'string') {
    const bytes = bytesOf(value);
    return [Body.of(bytes, bytes.length), 'text/plain;charset=UTF-8'];
  }
  if (typeof value[Symbol.asyncIterator] === 'function') {
    if (isKeepalive) throw new TypeError('keepalive');
    if (isDisturbed(value) || value.locked) {
      throw new TypeError('Response body object should not be disturbed or locked');
    }
    return [new Body(value instanceof ReadableStream ? value : streamOfIterable(value)), null];
  }
  const bytes = bytesOf(value);
  return [Body.of(bytes, bytes.length), null];
}

/** All the bytes of a stream of bytes. */
async function readAll(stream) {
  const reader = stream.getReader();
  const chunks = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    if (!types.isUint8Array(value)) throw new TypeError('Received non-Uint8Array chunk');
    chunks.push(value);
  }
}

function decodeText(bytes) {
  return new TextDecoder().decode(bytes);
}

/** The values of a header, which commas outside of quotes separate. */
function splitValues(text) {
  return text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g)?.map((value) => value.trim()) ?? [];
}

/** The type that the last of the `Content-Type` headers gives, or null. */
function mimeTypeOf(headers) {
  let found = null;
  let charset = null;
  for (const value of splitValues(headers.get('content-type') ?? '')) {
    let type;
    try {
      type = new MIMEType(value);
    } catch {
      continue;
    }
    if (type.essence === '*/*') continue;
    if (type.essence !== found?.essence) charset = type.params.get('charset');
    else if (!type.params.has('charset') && charset !== null) type.params.set('charset', charset);
    found = type;
  }
  return found;
}

function parseForm(bytes, headers) {
  const type = mimeTypeOf(headers);
  const form = new FormData();
  switch (type?.essence) {
    case 'multipart/form-data':
      if (!multipart.decode(bytes, type.params.get('boundary'), form)) {
        throw new TypeError('Failed to parse body as FormData.');
      }
      return form;
    case 'application/x-www-form-urlencoded':
      for (const [name, value] of new URLSearchParams(bytes.toString())) form.append(name, value);
      return form;
    default:
      throw new TypeError(
        'Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".');
  }
}

/**
 * Gives `Class` the methods that read bodies. `stateOf` gives the state of an object of the class, with `body`,
 * `headers` and `isAborted`, and undefined for any other.
 */
function defineReading(Class, stateOf) {
  async function consume(object, convert) {
    const state = stateOf(object);
    requireBrand(state !== undefined);
    if (state.body?.isUnusable) throw new TypeError('Body is unusable: Body has already been read');
    if (state.isAborted) {
      const DOMException = require('internal/dom_exception');
      throw new DOMException('The operation was aborted.', 'AbortError');
    }
    const bytes = state.body === null ? Buffer.alloc(0) : await readAll(state.body.stream);
    return convert(bytes, state.headers);
  }
  Object.assign(Class.prototype, {
    blob() {
      return consume(this, (bytes, headers) => new Blob([bytes], { type: `${mimeTypeOf(headers) ?? ''}` }));
    },
    arrayBuffer() {
      return consume(this, (bytes) => new Uint8Array(bytes).buffer);
    },
    text() {
      return consume(this, decodeText);
    },
    json() {
      return consume(this, (bytes) => JSON.parse(decodeText(bytes)));
    },
    formData() {
      return consume(this, parseForm);
    },
    bytes() {
      return consume(this, (bytes) => new Uint8Array(bytes));
    },
  });
}

module.exports = { Body, bodyInit, defineReading, extractBody, readAll };
