'use strict';

// The stream one reads from.

const EventEmitter = require('events');
const { Buffer } = require('buffer');
const { AbortError, codes } = require('internal/errors');
const destroyImplementation = require('internal/streams/destroy');
const { getHighWaterMark } = require('internal/streams/high_water_mark');
const { Stream } = require('internal/streams/legacy');
const { ReadableState } = require('internal/streams/readable_state');
const flowing = require('internal/streams/readable_flow');

const { errorOrDestroy } = destroyImplementation;
const MAX_HIGH_WATER_MARK = 0x40000000;

function Readable(options) {
  const isDuplex = this instanceof require('internal/streams/duplex');
  if (!isDuplex && !(this instanceof Readable)) return new Readable(options);
  const objectMode = Boolean(options?.objectMode || (isDuplex && options?.readableObjectMode));
  const mark = getHighWaterMark(objectMode, options, 'readableHighWaterMark', isDuplex);
  this._readableState = new ReadableState(options, objectMode, mark);
  if (options) {
    if (typeof options.read === 'function') this._read = options.read;
    if (typeof options.destroy === 'function') this._destroy = options.destroy;
    if (typeof options.construct === 'function') this._construct = options.construct;
    if (options.signal && !isDuplex) {
      require('internal/streams/add_abort_signal').addAbortSignalNoValidate(options.signal, this);
    }
  }
  Stream.call(this, options);
  destroyImplementation.construct(this, () => {
    if (this._readableState.needReadable) flowing.readMore(this, this._readableState);
  });
}
Object.setPrototypeOf(Readable.prototype, Stream.prototype);
Object.setPrototypeOf(Readable, Stream);
Readable.ReadableState = ReadableState;

Readable.prototype.destroy = destroyImplementation.destroy;
Readable.prototype._undestroy = destroyImplementation.undestroy;
Readable.prototype._destroy = function(error, callback) {
  callback(error);
};

Readable.prototype[EventEmitter.captureRejectionSymbol] = function(error) {
  this.destroy(error);
};

Readable.prototype[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')] = function() {
  if (!this.destroyed) this.destroy(this.readableEnded ? null : new AbortError());
  const { eos } = require('internal/streams/end_of_stream');
  return new Promise((resolve, reject) => {
    eos(this, (error) => (error && error.name !== 'AbortError' ? reject(error) : resolve(null)));
  });
};

Readable.prototype.push = function(chunk, encoding) {
  return add(this, chunk, encoding, false);
};

Readable.prototype.unshift = function(chunk, encoding) {
  return add(this, chunk, encoding, true);
};

/** The chunk as a stream of bytes keeps it, with the encoding that is left to be decoded from. */
function normalize(state, chunk, encoding, toFront) {
  if (typeof chunk === 'string') {
    encoding = encoding || state.defaultEncoding;
    if (state.encoding === encoding) return { chunk, encoding };
    // What goes to the front has been decoded before.
    if (toFront && state.encoding) return { chunk: Buffer.from(chunk, encoding).toString(state.encoding), encoding };
    return { chunk: Buffer.from(chunk, encoding), encoding: '' };
  }
  if (chunk instanceof Buffer) return { chunk, encoding: '' };
  if (ArrayBuffer.isView(chunk)) {
    return { chunk: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), encoding: '' };
  }
  if (chunk !== undefined && chunk !== null) {
    const expected = ['string', 'Buffer', 'TypedArray', 'DataView'];
    return { error: new codes.ERR_INVALID_ARG_TYPE('chunk', expected, chunk) };
  }
  return { chunk, encoding };
}

/** Takes what the source gives; the answer tells whether it should give more. */
function add(stream, given, givenEncoding, toFront) {
  const state = stream._readableState;
  const { chunk, encoding, error } = state.objectMode ?
    { chunk: given, encoding: givenEncoding } : normalize(state, given, givenEncoding, toFront);
  if (error) {
    errorOrDestroy(stream, error);
    return false;
  }
  if (chunk === null) {
    state.reading = false;
    flowing.endOfSource(stream, state);
    return false;
  }
  const hasContent = state.objectMode || (chunk && chunk.length > 0);
  if (!hasContent) {
    if (!toFront) {
      state.reading = false;
      flowing.readMore(stream, state);
    }
  } else if (toFront) {
    if (state.endEmitted) errorOrDestroy(stream, new codes.ERR_STREAM_UNSHIFT_AFTER_END_EVENT());
    else if (state.destroyed || state.errored) return false;
    else flowing.addChunk(stream, state, chunk, true);
  } else if (state.ended) {
    errorOrDestroy(stream, new codes.ERR_STREAM_PUSH_AFTER_EOF());
  } else if (state.destroyed || state.errored) {
    return false;
  } else {
    state.reading = false;
    const decoded = state.decoder && !encoding ? state.decoder.write(chunk) : chunk;
    if (state.objectMode || decoded.length !== 0) flowing.addChunk(stream, state, decoded, false);
    else flowing.readMore(stream, state);
  }
  return !state.ended && (state.length < state.highWaterMark || state.length === 0);
}

Readable.prototype.isPaused = function() {
  return this._readableState.paused === true || this._readableState.flowing === false;
};

Readable.prototype.setEncoding = function(encoding) {
  const state = this._readableState;
  state.useEncoding(encoding);
  let content = '';
  for (const chunk of state.buffer) content += state.decoder.write(chunk);
  state.buffer.clear();
  if (content !== '') state.buffer.push(content);
  state.length = content.length;
  return this;
};

/** The next power of two, so that the mark does not grow in tiny steps. */
function raisedMark(size) {
  if (size > MAX_HIGH_WATER_MARK) throw new codes.ERR_OUT_OF_RANGE('size', '<= 1GiB', size);
  return 2 ** Math.ceil(Math.log2(size));
}

function callRead(stream, state) {
  state.reading = true;
  state.sync = true;
  if (state.length === 0) state.needReadable = true;
  try {
    stream._read(state.highWaterMark);
  } catch (error) {
    errorOrDestroy(stream, error);
  }
  state.sync = false;
}

Readable.prototype.read = function(size) {
  const state = this._readableState;
  if (size === undefined) size = NaN;
  else if (!Number.isInteger(size)) size = Number.parseInt(size, 10);
  const asked = size;
  if (size > state.highWaterMark) state.highWaterMark = raisedMark(size);
  if (size !== 0) state.emittedReadable = false;

  // read(0) only triggers the source; when there is enough, the reader is told instead.
  const enough = state.highWaterMark !== 0 ? state.length >= state.highWaterMark : state.length > 0;
  if (size === 0 && state.needReadable && (enough || state.ended)) {
    if (state.length === 0 && state.ended) flowing.endReadable(this);
    else flowing.emitReadable(this);
    return null;
  }

  size = state.takeable(size);
  if (size === 0 && state.ended) {
    if (state.length === 0) flowing.endReadable(this);
    return null;
  }

  const wantsMore = state.needReadable || state.length === 0 || state.length - size < state.highWaterMark;
  const mayRead = !state.ended && !state.reading && !state.destroyed && !state.errored && state.constructed;
  if (wantsMore && mayRead) {
    callRead(this, state);
    // The source may have answered at once.
    if (!state.reading) size = state.takeable(asked);
  }

  const chunk = size > 0 ? state.take(size) : null;
  if (chunk === null) {
    state.needReadable = state.length <= state.highWaterMark;
    size = 0;
  } else {
    state.length -= size;
    state.forgetDrain();
  }
  if (state.length === 0) {
    if (!state.ended) state.needReadable = true;
    if (asked !== size && state.ended) flowing.endReadable(this);
  }
  if (chunk !== null && !state.errorEmitted && !state.closeEmitted) {
    state.dataEmitted = true;
    this.emit('data', chunk);
  }
  return chunk;
};

Readable.prototype._read = function() {
  throw new codes.ERR_METHOD_NOT_IMPLEMENTED('_read()');
};

Readable.prototype.pipe = function(destination, options) {
  return require('internal/streams/pipe').pipe(this, destination, options);
};

Readable.prototype.unpipe = function(destination) {
  return require('internal/streams/pipe').unpipe(this, destination);
};

Readable.prototype.on = function(event, listener) {
  const result = Stream.prototype.on.call(this, event, listener);
  const state = this._readableState;
  if (event === 'data') {
    state.readableListening = this.listenerCount('readable') > 0;
    if (state.flowing !== false) this.resume();
  } else if (event === 'readable' && !state.endEmitted && !state.readableListening) {
    state.readableListening = true;
    state.needReadable = true;
    state.flowing = false;
    state.emittedReadable = false;
    if (state.length > 0) flowing.emitReadable(this);
    else if (!state.reading) process.nextTick((stream) => stream.read(0), this);
  }
  return result;
};
Readable.prototype.addListener = Readable.prototype.on;

Readable.prototype.removeListener = function(event, listener) {
  const result = Stream.prototype.removeListener.call(this, event, listener);
  // A tick later, because another listener may take its place.
  if (event === 'readable') process.nextTick(flowing.updateListening, this);
  return result;
};
Readable.prototype.off = Readable.prototype.removeListener;

Readable.prototype.removeAllListeners = function(...events) {
  const result = Stream.prototype.removeAllListeners.apply(this, events);
  if (events[0] === 'readable' || events[0] === undefined) process.nextTick(flowing.updateListening, this);
  return result;
};

Readable.prototype.resume = function() {
  const state = this._readableState;
  if (!state.flowing) {
    // With a 'readable' listener the data waits to be read.
    state.flowing = !state.readableListening;
    flowing.scheduleResume(this, state);
  }
  state.paused = false;
  return this;
};

Readable.prototype.pause = function() {
  const state = this._readableState;
  if (state.flowing !== false) {
    state.flowing = false;
    this.emit('pause');
  }
  state.paused = true;
  return this;
};

Readable.prototype.wrap = function(stream) {
  return require('internal/streams/wrap').wrapLegacy(this, stream);
};

Readable.prototype[Symbol.asyncIterator] = function() {
  return require('internal/streams/iterate').iterate(this);
};

Readable.prototype.iterator = function(options) {
  if (options !== undefined) require('internal/validators').validateObject(options, 'options');
  return require('internal/streams/iterate').iterate(this, options);
};

Object.defineProperties(Readable.prototype, {
  readable: {
    get() {
      const state = this._readableState;
      return Boolean(state) && state.readable !== false && !state.destroyed && !state.errorEmitted &&
        !state.endEmitted;
    },
    set(value) { if (this._readableState) this._readableState.readable = Boolean(value); },
  },
  readableDidRead: { get() { return this._readableState.dataEmitted; } },
  readableAborted: {
    get() {
      const state = this._readableState;
      return Boolean(state.readable !== false && (state.destroyed || state.errored) && !state.endEmitted);
    },
  },
  readableHighWaterMark: { get() { return this._readableState.highWaterMark; } },
  readableBuffer: { get() { return this._readableState?.buffer; } },
  readableFlowing: {
    get() { return this._readableState.flowing; },
    set(value) { if (this._readableState) this._readableState.flowing = value; },
  },
  readableLength: { get() { return this._readableState.length; } },
  readableObjectMode: { get() { return this._readableState ? this._readableState.objectMode : false; } },
  readableEncoding: { get() { return this._readableState ? this._readableState.encoding : null; } },
  errored: { get() { return this._readableState ? this._readableState.errored : null; } },
  closed: { get() { return this._readableState ? this._readableState.closed : false; } },
  destroyed: {
    get() { return this._readableState ? this._readableState.destroyed : false; },
    set(value) { if (this._readableState) this._readableState.destroyed = value; },
  },
  readableEnded: { get() { return this._readableState ? this._readableState.endEmitted : false; } },
});

Readable._fromList = (count, state) => state.take(count);

Readable.from = function(iterable, options) {
  return require('internal/streams/from')(Readable, iterable, options);
};

Readable.fromWeb = function(readableStream, options) {
  return require('internal/webstreams/adapters').newStreamReadableFromReadableStream(readableStream, options);
};

Readable.toWeb = function(streamReadable, options) {
  return require('internal/webstreams/adapters').newReadableStreamFromStreamReadable(streamReadable, options);
};

Readable.wrap = function(source, options) {
  return require('internal/streams/wrap').wrap(Readable, source, options);
};

module.exports = Readable;
