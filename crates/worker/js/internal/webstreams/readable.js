'use strict';

// The class ReadableStream.

const { codes } = require('internal/errors');
const {
  deferred, defineState, finishClass, inspectable, isBrand, kInternal, kState, markHandled, methodOf, requireBrand,
  sizeAlgorithmOf, validateHighWaterMark,
} = require('internal/webstreams/shared');
const {
  kControllerErrorFunction, kIsClosedPromise, kIsDisturbed, kIsErrored, kIsReadable,
} = require('internal/streams/predicates');
const operations = require('internal/webstreams/readable_operations');
const defaults = require('internal/webstreams/readable_default');
const { ReadableStreamBYOBReader, ReadableStreamDefaultReader } = require('internal/webstreams/readers');
const { validateBoolean, validateObject, validateAbortSignal } = require('internal/validators');

const ANY_OBJECT = 0b110; // Arrays and functions too; internal/validators.
const BRAND = 'ReadableStream';

function isLocked(stream) {
  return operations.isReadableStreamLocked(stream);
}

function locked() {
  return new codes.ERR_INVALID_STATE.TypeError('ReadableStream is locked');
}

class ReadableStream {
  constructor(source = {}, strategy = {}) {
    defineState(this, BRAND, {
      disturbed: false,
      reader: undefined,
      state: 'readable',
      storedError: undefined,
      controller: undefined,
      isClosed: deferred(),
    });
    markHandled(this[kState].isClosed.promise);
    if (source === kInternal) return;
    if (source === null) throw new codes.ERR_INVALID_ARG_VALUE('source', 'Object', source);
    validateObject(source, 'source', ANY_OBJECT);
    if (strategy != null) validateObject(strategy, 'strategy', ANY_OBJECT);
    const type = source.type;
    const methods = {
      start: methodOf(source, 'start', 'source'),
      pull: methodOf(source, 'pull', 'source'),
      cancel: methodOf(source, 'cancel', 'source'),
    };
    const mark = strategy?.highWaterMark;
    const size = strategy?.size;
    if (`${type}` === 'bytes') {
      if (size !== undefined) throw new codes.ERR_INVALID_ARG_VALUE.RangeError('strategy.size', size);
      require('internal/webstreams/readable_bytes')
        .setUpFromSource(this, source, methods, validateHighWaterMark(mark, 0));
    } else {
      if (type !== undefined) throw new codes.ERR_INVALID_ARG_VALUE('source.type', type);
      const sizeAlgorithm = sizeAlgorithmOf(size);
      defaults.setUpFromSource(this, source, methods, validateHighWaterMark(mark, 1), sizeAlgorithm);
    }
  }

  static from(iterable) {
    return require('internal/webstreams/readable_from')(iterable);
  }

  get locked() {
    requireBrand(this, BRAND);
    return isLocked(this);
  }

  cancel(reason = undefined) {
    if (!isBrand(this, BRAND)) return Promise.reject(new codes.ERR_INVALID_THIS(BRAND));
    if (isLocked(this)) return Promise.reject(locked());
    return operations.readableStreamCancel(this, reason);
  }

  getReader(options = {}) {
    requireBrand(this, BRAND);
    if (options != null) validateObject(options, 'options', ANY_OBJECT);
    const mode = options?.mode;
    if (mode === undefined) return new ReadableStreamDefaultReader(this);
    if (`${mode}` !== 'byob') throw new codes.ERR_INVALID_ARG_VALUE('options.mode', mode);
    return new ReadableStreamBYOBReader(this);
  }

  pipeThrough(transform, options = {}) {
    requireBrand(this, BRAND);
    const readable = transform?.readable;
    if (!isBrand(readable, BRAND)) {
      throw new codes.ERR_INVALID_ARG_TYPE('transform.readable', 'ReadableStream', readable);
    }
    const writable = transform?.writable;
    if (!isBrand(writable, 'WritableStream')) {
      throw new codes.ERR_INVALID_ARG_TYPE('transform.writable', 'WritableStream', writable);
    }
    const settings = pipeOptions(options);
    if (isLocked(this)) throw new codes.ERR_INVALID_STATE.TypeError('The ReadableStream is locked');
    if (writable.locked) throw new codes.ERR_INVALID_STATE.TypeError('The WritableStream is locked');
    markHandled(require('internal/webstreams/pipe_to')(this, writable, settings));
    return readable;
  }

  pipeTo(destination, options = {}) {
    try {
      requireBrand(this, BRAND);
      if (!isBrand(destination, 'WritableStream')) {
        throw new codes.ERR_INVALID_ARG_TYPE('destination', 'WritableStream', destination);
      }
      const settings = pipeOptions(options);
      if (isLocked(this)) throw new codes.ERR_INVALID_STATE.TypeError('The ReadableStream is locked');
      if (destination.locked) throw new codes.ERR_INVALID_STATE.TypeError('The WritableStream is locked');
      return require('internal/webstreams/pipe_to')(this, destination, settings);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tee() {
    requireBrand(this, BRAND);
    return require('internal/webstreams/readable_tee')(this);
  }

  values(options = {}) {
    requireBrand(this, BRAND);
    if (options != null) validateObject(options, 'options', ANY_OBJECT);
    return iterate(this, Boolean(options?.preventCancel));
  }

  get [kIsDisturbed]() {
    return this[kState].disturbed;
  }

  get [kIsErrored]() {
    return this[kState].state === 'errored';
  }

  get [kIsReadable]() {
    return this[kState].state === 'readable';
  }

  get [kIsClosedPromise]() {
    return this[kState].isClosed;
  }

  [kControllerErrorFunction](error) {
    this[kState].controller.error(error);
  }
}

function pipeOptions(options) {
  if (options != null) validateObject(options, 'options', ANY_OBJECT);
  const { preventAbort = false, preventCancel = false, preventClose = false, signal } = options ?? {};
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  validateBoolean(Boolean(preventAbort), 'options.preventAbort');
  return {
    preventAbort: Boolean(preventAbort),
    preventCancel: Boolean(preventCancel),
    preventClose: Boolean(preventClose),
    signal,
  };
}

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function*() {}).prototype);

/** An async iterator whose calls wait for each other. */
function iterate(stream, preventCancel) {
  const reader = new ReadableStreamDefaultReader(stream);
  let done = false;
  let last = Promise.resolve();
  function readNext() {
    if (done) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      operations.defaultReaderRead(reader, {
        chunk: (value) => resolve({ value, done: false }),
        close() {
          done = true;
          operations.readerRelease(reader);
          resolve({ value: undefined, done: true });
        },
        error(error) {
          done = true;
          operations.readerRelease(reader);
          reject(error);
        },
      });
    });
  }
  async function finish(value) {
    if (!done) {
      done = true;
      if (preventCancel) {
        operations.readerRelease(reader);
      } else {
        const result = operations.readableStreamCancel(reader[kState].stream, value);
        operations.readerRelease(reader);
        await result;
      }
    }
    return { value, done: true };
  }
  const queue = (step) => {
    const result = last.then(step, step);
    last = result.then(undefined, () => {});
    return result;
  };
  return Object.setPrototypeOf({
    next: () => queue(readNext),
    return: (value) => queue(() => finish(value)),
  }, AsyncIteratorPrototype);
}

finishClass(ReadableStream, [
  'locked', 'cancel', 'getReader', 'pipeThrough', 'pipeTo', 'tee', 'values',
], BRAND);
Object.defineProperty(ReadableStream, 'from', { enumerable: true });
Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
  value: ReadableStream.prototype.values, writable: true, enumerable: false, configurable: true,
});
inspectable(ReadableStream, (stream) => ({
  locked: isLocked(stream),
  state: stream[kState].state,
  supportsBYOB: isBrand(stream[kState].controller, 'ReadableByteStreamController'),
}));

/** A stream made by this library, of algorithms instead of an underlying source. */
function createReadableStream(algorithms, highWaterMark = 1, sizeAlgorithm = () => 1) {
  const stream = new ReadableStream(kInternal);
  defaults.setUpDefaultController(stream, algorithms, highWaterMark, sizeAlgorithm);
  return stream;
}

function createReadableByteStream(algorithms) {
  const stream = new ReadableStream(kInternal);
  require('internal/webstreams/readable_bytes').setUpByteController(stream, algorithms, 0);
  return stream;
}

module.exports = { ReadableStream, createReadableByteStream, createReadableStream };
