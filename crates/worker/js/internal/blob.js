'use strict';

// Immutable bytes with a type, and files made of them.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { finishClass, inspectable } = require('internal/webstreams/shared');
const { validateDictionary } = require('internal/validators');

const CONTROL_OR_BEYOND = /[^\u0020-\u007E]/;
const STREAM_CHUNK = 64 * 1024;

/** The platform's line ending for every kind of line ending. */
function withNativeEndings(text) {
  return text.replace(/\r\n|\r|\n/g, '\n');
}

function bytesOf(source, endings) {
  if (source instanceof Blob) return source._parts();
  if (source instanceof ArrayBuffer) return [new Uint8Array(source.slice(0))];
  if (ArrayBuffer.isView(source)) {
    return [Uint8Array.from(new Uint8Array(source.buffer, source.byteOffset, source.byteLength))];
  }
  const text = endings === 'native' ? withNativeEndings(`${source}`) : `${source}`;
  return [new Uint8Array(Buffer.from(text.toWellFormed()))];
}

function normalizeType(type) {
  type = `${type}`;
  return CONTROL_OR_BEYOND.test(type) ? '' : type.toLowerCase();
}

class Blob {
  #parts = [];
  #size = 0;
  #type = '';

  constructor(sources = [], options = {}) {
    if (sources === null || typeof sources[Symbol.iterator] !== 'function' || typeof sources === 'string') {
      throw new codes.ERR_INVALID_ARG_TYPE('sources', 'a sequence', sources);
    }
    validateDictionary(options, 'options');
    const type = options?.type ?? '';
    const endings = `${options?.endings ?? 'transparent'}`;
    if (endings !== 'transparent' && endings !== 'native') {
      throw new codes.ERR_INVALID_ARG_VALUE('options.endings', endings);
    }
    for (const source of sources) this.#parts.push(...bytesOf(source, endings));
    for (const part of this.#parts) this.#size += part.length;
    this.#type = normalizeType(type);
  }

  /** The pieces, which nobody may change. */
  _parts() {
    return this.#parts;
  }

  get type() {
    return this.#type;
  }

  get size() {
    return this.#size;
  }

  slice(start = 0, end = this.#size, contentType = '') {
    const clamp = (position) => (
      position < 0 ? Math.max(this.#size + position, 0) : Math.min(position, this.#size));
    const from = clamp(Math.trunc(Number(start) || 0));
    const to = Math.max(clamp(Math.trunc(Number(end) || 0)), from);
    const made = new Blob([], { type: contentType });
    let offset = 0;
    for (const part of this.#parts) {
      const [first, last] = [Math.max(from - offset, 0), Math.min(to - offset, part.length)];
      if (first < last) made.#parts.push(part.subarray(first, last));
      offset += part.length;
    }
    made.#size = to - from;
    return made;
  }

  #collect() {
    const whole = new Uint8Array(this.#size);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  async arrayBuffer() {
    return this.#collect().buffer;
  }

  async bytes() {
    return this.#collect();
  }

  async text() {
    return new TextDecoder().decode(this.#collect());
  }

  stream() {
    const { ReadableStream } = require('internal/webstreams/readable');
    const parts = [...this.#parts];
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const [part] = parts;
        if (part === undefined) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        // A copy, because the reader gets the memory itself.
        controller.enqueue(part.slice(0, STREAM_CHUNK));
        if (part.length > STREAM_CHUNK) parts[0] = part.subarray(STREAM_CHUNK);
        else parts.shift();
      },
    });
  }
}
Object.defineProperty(Blob.prototype, '_parts', { enumerable: false });
finishClass(Blob, ['type', 'size', 'slice', 'arrayBuffer', 'text', 'stream'], 'Blob');
inspectable(Blob, ({ size, type }) => ({ size, type }));

class File extends Blob {
  #name;
  #lastModified;

  constructor(fileBits, fileName, options = {}) {
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('fileBits', 'fileName');
    super(fileBits, options);
    const { lastModified } = options ?? {};
    this.#lastModified = lastModified === undefined ? Date.now() : Math.trunc(Number(lastModified)) || 0;
    this.#name = `${fileName}`.toWellFormed();
  }

  get name() {
    return this.#name;
  }

  get lastModified() {
    return this.#lastModified;
  }
}
finishClass(File, ['name', 'lastModified'], 'File');
inspectable(File, ({ size, type, name, lastModified }) => ({ size, type, name, lastModified }));

module.exports = { Blob, File };
