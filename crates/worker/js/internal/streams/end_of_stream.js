'use strict';

// finished(): one callback when a stream is over, however it ends.

const { AbortError, codes } = require('internal/errors');
const {
  isClosed, isNodeStream, isReadable, isReadableFinished, isReadableNodeStream, isReadableStream, isRequest,
  isWritable, isWritableFinished, isWritableNodeStream, isWritableStream, kIsClosedPromise, willEmitClose,
} = require('internal/streams/predicates');
const { validateAbortSignal, validateBoolean, validateFunction, validateObject } = require('internal/validators');

function erroredOf(stream) {
  const error = stream.writableErrored ?? stream._writableState?.errored ??
    stream.readableErrored ?? stream._readableState?.errored;
  return error && typeof error !== 'boolean' ? error : undefined;
}

function once(callback) {
  let called = false;
  return function(...args) {
    if (called) return;
    called = true;
    Reflect.apply(callback, this, args);
  };
}

/** Ends the waiting with an AbortError; gives a callback that also stops listening to the signal. */
function withSignal(stream, signal, callback, cleanUp) {
  const onAbort = () => {
    cleanUp();
    callback.call(stream, new AbortError(undefined, { cause: signal.reason }));
  };
  if (signal.aborted) {
    process.nextTick(onAbort);
    return callback;
  }
  signal.addEventListener('abort', onAbort, { once: true });
  return once(function(...args) {
    signal.removeEventListener('abort', onAbort);
    Reflect.apply(callback, stream, args);
  });
}

function eosOfWebStream(stream, options, callback) {
  let isAborted = false;
  let finish = callback;
  if (options.signal) finish = withSignal(stream, options.signal, callback, () => { isAborted = true; });
  const settle = (...args) => {
    if (!isAborted) process.nextTick(() => finish.apply(stream, args));
  };
  stream[kIsClosedPromise].promise.then(settle, settle);
  return () => {};
}

/** Calls `callback` once when `stream` has ended, failed or closed. Gives a function that stops listening. */
function eos(stream, options, callback) {
  if (arguments.length === 2) {
    callback = options;
    options = {};
  } else if (options == null) {
    options = {};
  } else {
    validateObject(options, 'options');
  }
  validateFunction(callback, 'callback');
  validateAbortSignal(options.signal, 'options.signal');
  callback = once(callback);
  if (isReadableStream(stream) || isWritableStream(stream)) return eosOfWebStream(stream, options, callback);
  if (!isNodeStream(stream)) {
    throw new codes.ERR_INVALID_ARG_TYPE('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
  }

  const readable = options.readable ?? isReadableNodeStream(stream);
  const writable = options.writable ?? isWritableNodeStream(stream);
  const { _writableState: writableState, _readableState: readableState } = stream;
  // 'close' is the last word of a stream that will say it, if both of its sides are waited for.
  let closes = willEmitClose(stream) && isReadableNodeStream(stream) === readable &&
    isWritableNodeStream(stream) === writable;
  let isFinished = isWritableFinished(stream, false);
  let isEnded = isReadableFinished(stream, false);
  let closed = isClosed(stream);

  function onFinish() {
    isFinished = true;
    if (stream.destroyed) closes = false; // Destroyed this early, it cannot be trusted to close.
    if (closes && (!stream.writable || readable)) return;
    if (!readable || isEnded) callback.call(stream);
  }
  function onEnd() {
    isEnded = true;
    if (stream.destroyed) closes = false;
    if (closes && (!stream.readable || writable)) return;
    if (!writable || isFinished) callback.call(stream);
  }
  function onError(error) {
    callback.call(stream, error);
  }
  function onClose() {
    closed = true;
    const error = erroredOf(stream);
    const cutOff = (readable && !isEnded && isReadableNodeStream(stream, true) && !isReadableFinished(stream, false)) ||
      (writable && !isFinished && !isWritableFinished(stream, false));
    if (error) callback.call(stream, error);
    else if (cutOff) callback.call(stream, new codes.ERR_STREAM_PREMATURE_CLOSE());
    else callback.call(stream);
  }
  /** For a stream that was over before anyone listened. */
  function onAlreadyClosed() {
    closed = true;
    const error = erroredOf(stream);
    if (error) callback.call(stream, error);
    else callback.call(stream);
  }
  function onLegacyFinish() {
    if (!stream.writable) onFinish();
  }
  function onRequest() {
    stream.req.on('finish', onFinish);
  }

  const listeners = [['end', onEnd], ['finish', onFinish], ['close', onClose]];
  if (options.error !== false) listeners.push(['error', onError]);
  if (isRequest(stream)) {
    listeners.push(['complete', onFinish]);
    if (!closes) listeners.push(['abort', onClose]);
    if (stream.req) onRequest();
    else listeners.push(['request', onRequest]);
  } else if (writable && !writableState) {
    listeners.push(['end', onLegacyFinish], ['close', onLegacyFinish]);
  }
  if (!closes && typeof stream.aborted === 'boolean') listeners.push(['aborted', onClose]);
  for (const [event, listener] of listeners) stream.on(event, listener);

  if (closed) {
    process.nextTick(onClose);
  } else if (writableState?.errorEmitted || readableState?.errorEmitted) {
    if (!closes) process.nextTick(onAlreadyClosed);
  } else if (
    (!readable && (!closes || isReadable(stream)) && (isFinished || isWritable(stream) === false)) ||
    (!writable && (!closes || isWritable(stream)) && (isEnded || isReadable(stream) === false)) ||
    (readableState && stream.req && stream.aborted)
  ) {
    process.nextTick(onAlreadyClosed);
  }

  function cleanUp() {
    callback = () => {};
    for (const [event, listener] of listeners) stream.removeListener(event, listener);
    stream.req?.removeListener?.('finish', onFinish);
  }
  if (options.signal && !closed) callback = withSignal(stream, options.signal, callback, cleanUp);
  return cleanUp;
}

/** The promise form; `options.cleanup` removes the listeners when it settles. */
function finished(stream, options) {
  let autoCleanUp = false;
  if (options === null) options = {};
  if (options?.cleanup) {
    validateBoolean(options.cleanup, 'cleanup');
    autoCleanUp = options.cleanup;
  }
  return new Promise((resolve, reject) => {
    const cleanUp = eos(stream, options, (error) => {
      if (autoCleanUp) cleanUp();
      if (error) reject(error);
      else resolve();
    });
  });
}

module.exports = { eos, finished };
