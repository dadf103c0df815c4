'use strict';

// The class WritableStream and its writer.

const { codes } = require('internal/errors');
const {
  deferred, defineState, finishClass, inspectable, isBrand, kInternal, kState, markHandled, methodOf, rejectedDeferred,
  requireBrand, resolvedDeferred, sizeAlgorithmOf, validateHighWaterMark,
} = require('internal/webstreams/shared');
const {
  kControllerErrorFunction, kIsClosedPromise, kIsErrored, kIsWritable,
} = require('internal/streams/predicates');
const operations = require('internal/webstreams/writable_operations');
const { validateObject } = require('internal/validators');

const ANY_OBJECT = 0b110; // Arrays and functions too; internal/validators.
const BRAND = 'WritableStream';
const WRITER = 'WritableStreamDefaultWriter';

function closedOrClosing(stream) {
  return operations.closeQueuedOrInFlight(stream) || stream[kState].state === 'closed';
}

class WritableStream {
  constructor(sink = null, strategy = {}) {
    defineState(this, BRAND, {
      backpressure: false,
      closeRequest: undefined,
      controller: undefined,
      inFlightCloseRequest: undefined,
      inFlightWriteRequest: undefined,
      isClosed: deferred(),
      pendingAbort: undefined,
      state: 'writable',
      storedError: undefined,
      writer: undefined,
      writeRequests: [],
    });
    markHandled(this[kState].isClosed.promise);
    if (sink === kInternal) return;
    if (sink != null) validateObject(sink, 'sink', ANY_OBJECT);
    if (strategy != null) validateObject(strategy, 'strategy', ANY_OBJECT);
    const type = sink?.type;
    if (type !== undefined) throw new codes.ERR_INVALID_ARG_VALUE.RangeError('type', type);
    const methods = {
      start: methodOf(sink, 'start', 'sink'),
      write: methodOf(sink, 'write', 'sink'),
      close: methodOf(sink, 'close', 'sink'),
      abort: methodOf(sink, 'abort', 'sink'),
    };
    const sizeAlgorithm = sizeAlgorithmOf(strategy?.size);
    const highWaterMark = validateHighWaterMark(strategy?.highWaterMark, 1);
    operations.setUpFromSink(this, sink, methods, highWaterMark, sizeAlgorithm);
  }

  get locked() {
    requireBrand(this, BRAND);
    return this[kState].writer !== undefined;
  }

  abort(reason = undefined) {
    if (!isBrand(this, BRAND)) return Promise.reject(new codes.ERR_INVALID_THIS(BRAND));
    if (this[kState].writer !== undefined) {
      return Promise.reject(new codes.ERR_INVALID_STATE.TypeError('WritableStream is locked'));
    }
    return operations.abort(this, reason);
  }

  close() {
    if (!isBrand(this, BRAND)) return Promise.reject(new codes.ERR_INVALID_THIS(BRAND));
    if (this[kState].writer !== undefined) {
      return Promise.reject(new codes.ERR_INVALID_STATE.TypeError('WritableStream is locked'));
    }
    if (closedOrClosing(this)) {
      return Promise.reject(new codes.ERR_INVALID_STATE.TypeError('Failure closing WritableStream'));
    }
    return operations.close(this);
  }

  getWriter() {
    requireBrand(this, BRAND);
    return new WritableStreamDefaultWriter(this);
  }

  get [kIsErrored]() {
    return this[kState].state === 'errored';
  }

  get [kIsWritable]() {
    return this[kState].state === 'writable';
  }

  get [kIsClosedPromise]() {
    return this[kState].isClosed;
  }

  [kControllerErrorFunction](error) {
    this[kState].controller.error(error);
  }
}
finishClass(WritableStream, ['locked', 'abort', 'close', 'getWriter'], BRAND);
inspectable(WritableStream, (stream) => ({
  locked: stream[kState].writer !== undefined, state: stream[kState].state,
}));

function notAttached() {
  return new codes.ERR_INVALID_STATE.TypeError('Writer is not bound to a WritableStream');
}

class WritableStreamDefaultWriter {
  constructor(stream) {
    if (!isBrand(stream, BRAND)) throw new codes.ERR_INVALID_ARG_TYPE('stream', 'WritableStream', stream);
    if (stream[kState].writer !== undefined) throw new codes.ERR_INVALID_STATE.TypeError('WritableStream is locked');
    const state = stream[kState];
    const slots = { stream, ready: undefined, closed: undefined };
    defineState(this, WRITER, slots);
    const own = this[kState];
    state.writer = this;
    if (state.state === 'writable') {
      const full = !operations.closeQueuedOrInFlight(stream) && state.backpressure;
      own.ready = full ? deferred() : resolvedDeferred();
      own.closed = deferred();
    } else if (state.state === 'erroring') {
      own.ready = rejectedDeferred(state.storedError);
      own.closed = deferred();
    } else if (state.state === 'closed') {
      own.ready = resolvedDeferred();
      own.closed = resolvedDeferred();
    } else {
      own.ready = rejectedDeferred(state.storedError);
      own.closed = rejectedDeferred(state.storedError);
    }
    markHandled(own.closed.promise);
    markHandled(own.ready.promise);
  }

  get closed() {
    if (!isBrand(this, WRITER)) return Promise.reject(new codes.ERR_INVALID_THIS(WRITER));
    return this[kState].closed.promise;
  }

  get desiredSize() {
    requireBrand(this, WRITER);
    const { stream } = this[kState];
    if (stream === undefined) throw notAttached();
    switch (stream[kState].state) {
      case 'errored':
      case 'erroring': return null;
      case 'closed': return 0;
      default: return operations.getDesiredSize(stream[kState].controller);
    }
  }

  get ready() {
    if (!isBrand(this, WRITER)) return Promise.reject(new codes.ERR_INVALID_THIS(WRITER));
    return this[kState].ready.promise;
  }

  abort(reason = undefined) {
    if (!isBrand(this, WRITER)) return Promise.reject(new codes.ERR_INVALID_THIS(WRITER));
    const { stream } = this[kState];
    return stream === undefined ? Promise.reject(notAttached()) : operations.abort(stream, reason);
  }

  close() {
    if (!isBrand(this, WRITER)) return Promise.reject(new codes.ERR_INVALID_THIS(WRITER));
    const { stream } = this[kState];
    if (stream === undefined) return Promise.reject(notAttached());
    if (operations.closeQueuedOrInFlight(stream)) {
      return Promise.reject(new codes.ERR_INVALID_STATE.TypeError('Failure to close WritableStream'));
    }
    return operations.close(stream);
  }

  releaseLock() {
    requireBrand(this, WRITER);
    if (this[kState].stream !== undefined) operations.releaseWriter(this);
  }

  write(chunk = undefined) {
    if (!isBrand(this, WRITER)) return Promise.reject(new codes.ERR_INVALID_THIS(WRITER));
    if (this[kState].stream === undefined) return Promise.reject(notAttached());
    return operations.writeChunk(this, chunk);
  }
}
finishClass(WritableStreamDefaultWriter, [
  'closed', 'desiredSize', 'ready', 'abort', 'close', 'releaseLock', 'write',
], WRITER);
inspectable(WritableStreamDefaultWriter, (writer) => ({
  stream: writer[kState].stream,
  close: writer[kState].closed.promise,
  ready: writer[kState].ready.promise,
  desiredSize: writer.desiredSize,
}));

function createWritableStream(algorithms, highWaterMark = 1, sizeAlgorithm = () => 1) {
  const stream = new WritableStream(kInternal);
  operations.setUpController(stream, algorithms, highWaterMark, sizeAlgorithm);
  return stream;
}

module.exports = { WritableStream, WritableStreamDefaultWriter, createWritableStream };
