'use strict';

// What a writable stream knows about itself, and the way of a chunk through its queue to `_write`.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { errorOrDestroy } = require('internal/streams/destroy');
const { finishMaybe } = require('internal/streams/writable_finish');

/** Emptied slots at the front of the queue are given back when there are this many. */
const COMPACT_AT = 256;

function doNothing() {}

class WritableState {
  constructor(options, stream, objectMode, highWaterMark) {
    this.objectMode = objectMode;
    this.highWaterMark = highWaterMark;
    this.finalCalled = false;
    this.needDrain = false;
    this.ending = false;
    this.ended = false;
    this.finished = false;
    this.destroyed = false;
    this.decodeStrings = options?.decodeStrings !== false;
    this.defaultEncoding = 'utf8';
    const encoding = options?.defaultEncoding;
    if (encoding != null) {
      if (!Buffer.isEncoding(encoding)) throw new codes.ERR_UNKNOWN_ENCODING(encoding);
      this.defaultEncoding = encoding;
    }
    this.length = 0;
    this.writing = false;
    this.corked = 0;
    /** Whether `_write` is running, so that its callback must not act at once. */
    this.sync = true;
    this.bufferProcessing = false;
    this.onwrite = (error) => onWritten(stream, error);
    this.writecb = null;
    this.writelen = 0;
    /** Successful writes whose callbacks are due in the next tick: `{count, callback}`. */
    this.afterWrite = null;
    this.buffered = [];
    this.bufferedIndex = 0;
    this.allBuffers = true;
    this.allNoop = true;
    /** Callbacks that must come before 'finish'. */
    this.pendingcb = 0;
    this.constructed = true;
    this.prefinished = false;
    this.errorEmitted = false;
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.errored = null;
    this.closed = false;
    this.closeEmitted = false;
    this.onFinished = [];
  }

  get queued() {
    return this.buffered.length - this.bufferedIndex;
  }

  getBuffer() {
    return this.buffered.slice(this.bufferedIndex);
  }

  get bufferedRequestCount() {
    return this.queued;
  }
}

function resetQueue(state) {
  state.buffered = [];
  state.bufferedIndex = 0;
  state.allBuffers = true;
  state.allNoop = true;
}

/** Hands a chunk to `_write` if nothing is in the way, else keeps it. Gives whether the writer may go on. */
function queueOrWrite(stream, state, chunk, encoding, callback) {
  const length = state.objectMode ? 1 : chunk.length;
  state.length += length;
  const goOn = state.length < state.highWaterMark;
  if (!goOn) state.needDrain = true;
  if (state.writing || state.corked || state.errored || !state.constructed) {
    state.buffered.push({ chunk, encoding, callback });
    if (encoding !== 'buffer') state.allBuffers = false;
    if (callback !== doNothing) state.allNoop = false;
  } else {
    startWrite(state, length, callback);
    stream._write(chunk, encoding, state.onwrite);
    state.sync = false;
  }
  return goOn && !state.errored && !state.destroyed;
}

function startWrite(state, length, callback) {
  state.writelen = length;
  state.writecb = callback;
  state.writing = true;
  state.sync = true;
}

function writeQueued(stream, state, many, length, chunk, encoding, callback) {
  startWrite(state, length, callback);
  if (state.destroyed) state.onwrite(new codes.ERR_STREAM_DESTROYED('write'));
  else if (many) stream._writev(chunk, state.onwrite);
  else stream._write(chunk, encoding, state.onwrite);
  state.sync = false;
}

/** What `_write` calls when it is done. */
function onWritten(stream, error) {
  const state = stream._writableState;
  const { sync, writecb: callback } = state;
  if (typeof callback !== 'function') {
    errorOrDestroy(stream, new codes.ERR_MULTIPLE_CALLBACK());
    return;
  }
  state.writing = false;
  state.writecb = null;
  state.length -= state.writelen;
  state.writelen = 0;
  if (error) {
    void error.stack;
    if (!state.errored) state.errored = error;
    const readable = stream._readableState;
    if (readable && !readable.errored) readable.errored = error;
    if (sync) process.nextTick(failWrite, stream, state, error, callback);
    else failWrite(stream, state, error, callback);
    return;
  }
  if (state.queued > 0) flushQueue(stream, state);
  if (!sync) {
    afterWrite(stream, state, 1, callback);
  } else if (state.afterWrite?.callback === callback) {
    state.afterWrite.count++;
  } else {
    state.afterWrite = { count: 1, callback };
    process.nextTick(afterWriteTick, stream, state, state.afterWrite);
  }
}

function failWrite(stream, state, error, callback) {
  state.pendingcb--;
  callback(error);
  rejectQueue(state);
  errorOrDestroy(stream, error);
}

function afterWriteTick(stream, state, batch) {
  if (state.afterWrite === batch) state.afterWrite = null;
  afterWrite(stream, state, batch.count, batch.callback);
}

function afterWrite(stream, state, count, callback) {
  if (!state.ending && !stream.destroyed && state.length === 0 && state.needDrain) {
    state.needDrain = false;
    stream.emit('drain');
  }
  for (; count > 0; count--) {
    state.pendingcb--;
    callback(null);
  }
  if (state.destroyed) rejectQueue(state);
  finishMaybe(stream, state);
}

/** Tells everyone who waits that their write or end will not happen. */
function rejectQueue(state) {
  if (state.writing) return;
  for (let index = state.bufferedIndex; index < state.buffered.length; index++) {
    const { chunk, callback } = state.buffered[index];
    state.length -= state.objectMode ? 1 : chunk.length;
    callback(state.errored ?? new codes.ERR_STREAM_DESTROYED('write'));
  }
  for (const callback of state.onFinished.splice(0)) {
    callback(state.errored ?? new codes.ERR_STREAM_DESTROYED('end'));
  }
  resetQueue(state);
}

function flushQueue(stream, state) {
  if (state.corked || state.bufferProcessing || state.destroyed || !state.constructed || state.queued === 0) return;
  state.bufferProcessing = true;
  do {
    if (state.queued > 1 && stream._writev) flushAtOnce(stream, state);
    else flushOneByOne(stream, state);
    // `_writev` may have written more; it is queued while its own callback is due.
  } while (state.queued > 0 && !state.writing && !state.corked && !state.destroyed);
  state.bufferProcessing = false;
}

function flushAtOnce(stream, state) {
  const chunks = state.buffered.slice(state.bufferedIndex);
  chunks.allBuffers = state.allBuffers;
  state.pendingcb -= chunks.length - 1;
  const callback = state.allNoop ? doNothing : (error) => {
    for (const { callback: each } of chunks) each(error);
  };
  resetQueue(state);
  writeQueued(stream, state, true, state.length, chunks, '', callback);
}

function flushOneByOne(stream, state) {
  const { buffered } = state;
  let index = state.bufferedIndex;
  do {
    const { chunk, encoding, callback } = buffered[index];
    buffered[index++] = null;
    writeQueued(stream, state, false, state.objectMode ? 1 : chunk.length, chunk, encoding, callback);
  } while (index < buffered.length && !state.writing);
  if (index === buffered.length) {
    resetQueue(state);
  } else if (index > COMPACT_AT) {
    buffered.splice(0, index);
    state.bufferedIndex = 0;
  } else {
    state.bufferedIndex = index;
  }
}

module.exports = { WritableState, doNothing, flushQueue, queueOrWrite, rejectQueue };
