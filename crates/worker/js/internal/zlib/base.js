'use strict';

// What all compression streams do: input goes to the binding in steps, each of which fills at most one chunk.

const { Buffer, kMaxLength } = require('buffer');
const { codes } = require('internal/errors');
const { errorOf } = require('internal/zlib/errors');
const { Transform } = require('stream');
const { eos } = require('internal/streams/end_of_stream');
const { checkRangesOrGetDefault, validateFiniteNumber } = require('internal/validators');

const kFlushFlag = Symbol('kFlushFlag');
const kError = Symbol('kError');
const DEFAULT_CHUNK = 16384;
const MIN_CHUNK = 64;
/** As much input as the binding gets at once, because it copies it. */
const MAX_PART = 64 * 1024;
/** In both families: go on, nothing has to come out. */
const NO_FLUSH = 0;

/** A number in a range without an upper end. */
function atLeast(value, name, lower, fallback) {
  if (!validateFiniteNumber(value, name)) return fallback;
  if (value < lower) throw new codes.ERR_OUT_OF_RANGE(name, `>= ${lower}`, value);
  return value;
}

/** Empty chunks that stand for a flush in the queue of writes, one for each kind. */
const flushMarks = [];
function flushMark(kind) {
  if (flushMarks[kind] === undefined) {
    flushMarks[kind] = Buffer.alloc(0);
    flushMarks[kind][kFlushFlag] = kind;
  }
  return flushMarks[kind];
}

/**
 * The base of all compression streams. `settings` are the handle of the binding, the kinds of flush that the family
 * has, and what `internal/zlib/errors` wants to know.
 */
function ZlibBase(options, settings) {
  const { flush, finishFlush, maxFlush } = settings;
  let chunkSize = DEFAULT_CHUNK;
  let maxOutputLength = kMaxLength;
  let chosenFlush = flush;
  let chosenFinish = finishFlush;
  if (options) {
    chunkSize = atLeast(options.chunkSize, 'options.chunkSize', MIN_CHUNK, DEFAULT_CHUNK);
    chosenFlush = checkRangesOrGetDefault(options.flush, 'options.flush', 0, maxFlush, flush);
    chosenFinish = checkRangesOrGetDefault(options.finishFlush, 'options.finishFlush', 0, maxFlush, finishFlush);
    maxOutputLength = checkRangesOrGetDefault(
      options.maxOutputLength, 'options.maxOutputLength', 1, kMaxLength, kMaxLength);
    if (options.encoding || options.objectMode || options.writableObjectMode) {
      options = { ...options, encoding: null, objectMode: false, writableObjectMode: false };
    }
  }
  Transform.call(this, { autoDestroy: true, ...options });
  this.bytesWritten = 0;
  this._handle = settings.handle;
  this._chunkSize = chunkSize;
  this._defaultFlushFlag = chosenFlush;
  this._finishFlushFlag = chosenFinish;
  this._defaultFullFlushFlag = settings.fullFlush;
  this._info = options?.info;
  this._maxOutputLength = maxOutputLength;
  this[kError] = null;
  Object.defineProperty(this, '_kind', { value: settings.kind, writable: true });
}
Object.setPrototypeOf(ZlibBase.prototype, Transform.prototype);
Object.setPrototypeOf(ZlibBase, Transform);

Object.defineProperty(ZlibBase.prototype, '_closed', {
  configurable: true,
  enumerable: true,
  get() { return !this._handle; },
});

ZlibBase.prototype.reset = function() {
  if (!this._handle) throw new Error('zlib binding closed');
  this._handle.reset();
};

ZlibBase.prototype._final = function(callback) {
  callback();
};

ZlibBase.prototype._flush = function(callback) {
  this._transform(Buffer.alloc(0), '', callback);
};

ZlibBase.prototype.flush = function(kind, callback) {
  if (typeof kind === 'function' || (kind === undefined && !callback)) {
    callback = kind;
    kind = this._defaultFullFlushFlag;
  }
  if (this.writableFinished) {
    if (callback) process.nextTick(callback);
  } else if (this.writableEnded) {
    if (callback) this.once('end', callback);
  } else {
    this.write(flushMark(kind), '', callback);
  }
};

ZlibBase.prototype.close = function(callback) {
  if (callback) eos(this, callback);
  this.destroy();
};

ZlibBase.prototype._destroy = function(error, callback) {
  this._handle = null;
  callback(error);
};

ZlibBase.prototype._transform = function(chunk, encoding, callback) {
  let flag = this._defaultFlushFlag;
  if (typeof chunk[kFlushFlag] === 'number') flag = chunk[kFlushFlag];
  // The last chunk ends the stream at once.
  else if (this.writableEnded && this.writableLength === chunk.byteLength) flag = this._finishFlushFlag;
  processChunk(this, chunk, flag, callback);
};

/**
 * One step of the binding on a part of `chunk`; only the last part is flushed as asked. Gives what it made, or an error
 * in `[kError]`.
 */
function step(stream, chunk, start, flag) {
  const part = chunk.subarray(start, start + MAX_PART);
  const isLast = start + part.length === chunk.length;
  const chosen = isLast ? flag : NO_FLUSH;
  const [status, consumed, output, detail] = stream._handle.write(part, chosen, stream._chunkSize);
  const isFull = output.byteLength === stream._chunkSize;
  stream[kError] = errorOf(stream._kind, status, detail, chosen === stream._kind.finish, isFull) ?? null;
  stream.bytesWritten += consumed;
  return {
    consumed,
    output: Buffer.from(output),
    /** There is more output, or more input that is wanted. */
    goesOn: isFull || (!isLast && consumed === part.length),
  };
}

function processChunk(stream, chunk, flag, callback) {
  let start = 0;
  function run() {
    if (!stream._handle) {
      process.nextTick(callback);
      return;
    }
    const made = step(stream, chunk, start, flag);
    if (stream[kError]) {
      stream.destroy(stream[kError]);
      return;
    }
    start += made.consumed;
    const isWanted = made.output.length === 0 || stream.push(made.output);
    if (stream.destroyed) return;
    if (made.goesOn) {
      if (isWanted) setImmediate(run);
      else waitForRead(stream, run);
    } else if (start < chunk.byteLength) {
      // There was room for output and the input is still not used up: what follows the end is no part of the stream.
      stream.push(null);
    } else {
      callback();
    }
  }
  setImmediate(run);
}

/** Goes on when the output is wanted again. */
function waitForRead(stream, run) {
  const { _read: read } = stream;
  stream._read = (size) => {
    stream._read = read;
    // In a later turn: the read that asked must find what was there before, not more.
    setImmediate(run);
    stream._read(size);
  };
}

/** Everything at once, for the functions that do not wait. */
function processChunkSync(stream, chunk, flag) {
  const parts = [];
  let total = 0;
  let start = 0;
  for (;;) {
    const made = step(stream, chunk, start, flag);
    if (stream[kError]) {
      const error = stream[kError];
      stream.destroy();
      throw error;
    }
    start += made.consumed;
    total += made.output.length;
    if (total > stream._maxOutputLength) {
      stream.destroy();
      throw new codes.ERR_BUFFER_TOO_LARGE(stream._maxOutputLength);
    }
    if (made.output.length > 0) parts.push(made.output);
    if (!made.goesOn) break;
  }
  stream.bytesWritten = start;
  stream.destroy();
  return parts.length === 1 ? parts[0] : Buffer.concat(parts, total);
}

ZlibBase.prototype._processChunk = function(chunk, flag, callback) {
  if (typeof callback === 'function') processChunk(this, chunk, flag, callback);
  else return processChunkSync(this, chunk, flag);
  return undefined;
};

/** The data of the functions that take everything at once. */
function toInput(buffer) {
  if (typeof buffer === 'string') return Buffer.from(buffer);
  if (buffer instanceof Uint8Array) return buffer;
  if (ArrayBuffer.isView(buffer)) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  throw new codes.ERR_INVALID_ARG_TYPE(
    'buffer', ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], buffer);
}

function convertSync(stream, buffer) {
  const output = processChunkSync(stream, toInput(buffer), stream._finishFlushFlag);
  return stream._info ? { buffer: output, engine: stream } : output;
}

function convert(stream, buffer, callback) {
  const input = toInput(buffer);
  const parts = [];
  let total = 0;
  stream.on('error', callback);
  stream.on('data', (chunk) => {
    parts.push(chunk);
    total += chunk.length;
    if (total <= stream._maxOutputLength) return;
    stream.removeAllListeners('data');
    stream.removeAllListeners('end');
    stream.removeListener('error', callback);
    stream.on('error', () => {});
    stream.destroy();
    callback(new codes.ERR_BUFFER_TOO_LARGE(stream._maxOutputLength));
  });
  stream.on('end', () => {
    const output = parts.length === 1 ? parts[0] : Buffer.concat(parts, total);
    stream.close();
    callback(null, stream._info ? { buffer: output, engine: stream } : output);
  });
  stream.end(input);
}

module.exports = { ZlibBase, convert, convertSync, flushMark };
