'use strict';

// How streams begin (`_construct`) and end (`destroy`, errors, 'close').

const { AbortError, aggregateTwoErrors, codes } = require('internal/errors');
const { isDestroyed, isFinished, isRequest, kIsDestroyed } = require('internal/streams/predicates');

const kConstruct = Symbol('kConstruct');
const kDestroy = Symbol('kDestroy');

function setBoth(stream, key, value) {
  if (stream._writableState) stream._writableState[key] = value;
  if (stream._readableState) stream._readableState[key] = value;
}

function someState(stream, key) {
  return Boolean(stream._writableState?.[key] || stream._readableState?.[key]);
}

function noteError(stream, error) {
  if (!error) return;
  void error.stack; // Some engines make the text when it is first read; this is the moment it should describe.
  const { _writableState: writable, _readableState: readable } = stream;
  if (writable && !writable.errored) writable.errored = error;
  if (readable && !readable.errored) readable.errored = error;
}

/** The method `stream.destroy(error, callback)`; `callback` is for internal use. */
function destroy(error, callback) {
  if (someState(this, 'destroyed')) {
    if (typeof callback === 'function') callback();
    return this;
  }
  const main = this._writableState || this._readableState;
  noteError(this, error);
  setBoth(this, 'destroyed', true);
  if (main && !main.constructed) {
    this.once(kDestroy, (constructError) => tearDown(this, aggregateTwoErrors(constructError, error), callback));
  } else {
    tearDown(this, error, callback);
  }
  return this;
}

function tearDown(stream, error, callback) {
  let called = false;
  function onDestroy(failure) {
    if (called) return;
    called = true;
    noteError(stream, failure);
    setBoth(stream, 'closed', true);
    if (typeof callback === 'function') callback(failure);
    if (failure) process.nextTick(emitErrorAndClose, stream, failure);
    else process.nextTick(emitClose, stream);
  }
  try {
    stream._destroy(error || null, onDestroy);
  } catch (failure) {
    onDestroy(failure);
  }
}

function emitErrorAndClose(stream, error) {
  emitError(stream, error);
  emitClose(stream);
}

function emitClose(stream) {
  setBoth(stream, 'closeEmitted', true);
  if (someState(stream, 'emitClose')) stream.emit('close');
}

function emitError(stream, error) {
  if (someState(stream, 'errorEmitted')) return;
  setBoth(stream, 'errorEmitted', true);
  stream.emit('error', error);
}

/** Makes a destroyed stream usable again; for sockets that reconnect. */
function undestroy() {
  const { _readableState: readable, _writableState: writable } = this;
  const fresh = {
    constructed: true, closed: false, closeEmitted: false, destroyed: false, errored: null, errorEmitted: false,
  };
  if (readable) {
    const ended = readable.readable === false;
    Object.assign(readable, fresh, { reading: false, ended, endEmitted: ended });
  }
  if (writable) {
    const ended = writable.writable === false;
    Object.assign(writable, fresh, {
      finalCalled: false, prefinished: false, ended, ending: ended, finished: ended,
    });
  }
}

/** Reports an error: by destroying the stream where that is wanted, else by the event alone. */
function errorOrDestroy(stream, error, sync) {
  if (someState(stream, 'destroyed')) return this;
  if (someState(stream, 'autoDestroy')) {
    stream.destroy(error);
  } else if (error) {
    noteError(stream, error);
    if (sync) process.nextTick(emitError, stream, error);
    else emitError(stream, error);
  }
  return this;
}

/** Runs the stream's `_construct`, if it has one, before anything else; then `callback`. */
function construct(stream, callback) {
  if (typeof stream._construct !== 'function') return;
  setBoth(stream, 'constructed', false);
  stream.once(kConstruct, callback);
  if (stream.listenerCount(kConstruct) > 1) return; // The other half of a duplex stream has started it.
  process.nextTick(runConstruct, stream);
}

function runConstruct(stream) {
  let called = false;
  function onConstruct(error) {
    if (called) {
      errorOrDestroy(stream, error ?? new codes.ERR_MULTIPLE_CALLBACK());
      return;
    }
    called = true;
    setBoth(stream, 'constructed', true);
    if (someState(stream, 'destroyed')) stream.emit(kDestroy, error);
    else if (error) errorOrDestroy(stream, error, true);
    else stream.emit(kConstruct);
  }
  try {
    stream._construct((error) => process.nextTick(onConstruct, error));
  } catch (error) {
    process.nextTick(onConstruct, error);
  }
}

/** Destroys a stream of any origin, by whatever method it has for that. */
function destroyer(stream, error) {
  if (!stream || isDestroyed(stream)) return;
  if (!error && !isFinished(stream)) error = new AbortError();
  if (isRequest(stream)) stream.abort();
  else if (isRequest(stream.req)) stream.req.abort();
  else if (typeof stream.destroy === 'function') stream.destroy(error);
  else if (typeof stream.close === 'function') stream.close();
  if (!stream.destroyed) stream[kIsDestroyed] = true;
}

module.exports = { construct, destroy, destroyer, errorOrDestroy, undestroy };
