'use strict';

// The abstract operations on writable streams and their controller, under the standard's names.

const { codes } = require('internal/errors');
const {
  deferred, defineState, dequeueValue, enqueueValueWithSize, finishClass, inspectable, kInternal, kState, markHandled,
  promiseCall, rejectedDeferred, requireBrand, resetQueue,
} = require('internal/webstreams/shared');

const BRAND = 'WritableStreamDefaultController';
const CLOSE = Symbol('close');

class WritableStreamDefaultController {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }

  get signal() {
    requireBrand(this, BRAND);
    return this[kState].abortController.signal;
  }

  error(error = undefined) {
    requireBrand(this, BRAND);
    const { stream } = this[kState];
    if (stream[kState].state === 'writable') controllerError(this, error);
  }
}
finishClass(WritableStreamDefaultController, ['signal', 'error'], BRAND);
inspectable(WritableStreamDefaultController, (controller) => ({ stream: controller[kState].stream }));

function closeQueuedOrInFlight(stream) {
  return stream[kState].closeRequest !== undefined || stream[kState].inFlightCloseRequest !== undefined;
}

function hasOperationInFlight(stream) {
  return stream[kState].inFlightWriteRequest !== undefined || stream[kState].inFlightCloseRequest !== undefined;
}

function getDesiredSize(controller) {
  return controller[kState].highWaterMark - controller[kState].queueTotalSize;
}

function abort(stream, reason) {
  const state = stream[kState];
  if (state.state === 'closed' || state.state === 'errored') return Promise.resolve();
  state.controller[kState].abortController.abort(reason);
  if (state.state === 'closed' || state.state === 'errored') return Promise.resolve();
  if (state.pendingAbort !== undefined) return state.pendingAbort.deferred.promise;
  const wasAlreadyErroring = state.state === 'erroring';
  const pending = deferred();
  state.pendingAbort = { deferred: pending, reason: wasAlreadyErroring ? undefined : reason, wasAlreadyErroring };
  if (!wasAlreadyErroring) startErroring(stream, reason);
  return pending.promise;
}

function close(stream) {
  const state = stream[kState];
  if (state.state === 'closed' || state.state === 'errored') {
    return Promise.reject(new codes.ERR_INVALID_STATE.TypeError('WritableStream is closed'));
  }
  const request = deferred();
  state.closeRequest = request;
  if (state.writer !== undefined && state.backpressure && state.state === 'writable') {
    state.writer[kState].ready.resolve();
  }
  enqueueValueWithSize(state.controller[kState], CLOSE, 0);
  advanceQueue(state.controller);
  return request.promise;
}

function startErroring(stream, reason) {
  const state = stream[kState];
  state.state = 'erroring';
  state.storedError = reason;
  if (state.writer !== undefined) rejectReady(state.writer, reason);
  if (!hasOperationInFlight(stream) && state.controller[kState].started) finishErroring(stream);
}

function finishErroring(stream) {
  const state = stream[kState];
  state.state = 'errored';
  resetQueue(state.controller[kState]);
  for (const request of state.writeRequests.splice(0)) request.reject(state.storedError);
  const { pendingAbort } = state;
  if (pendingAbort === undefined) {
    rejectCloseAndClosed(stream);
    return;
  }
  state.pendingAbort = undefined;
  if (pendingAbort.wasAlreadyErroring) {
    pendingAbort.deferred.reject(state.storedError);
    rejectCloseAndClosed(stream);
    return;
  }
  const { abortAlgorithm } = state.controller[kState];
  clearAlgorithms(state.controller);
  promiseCall(abortAlgorithm, undefined, pendingAbort.reason).then(() => {
    pendingAbort.deferred.resolve();
    rejectCloseAndClosed(stream);
  }, (error) => {
    pendingAbort.deferred.reject(error);
    rejectCloseAndClosed(stream);
  });
}

function rejectCloseAndClosed(stream) {
  const state = stream[kState];
  if (state.closeRequest !== undefined) {
    state.closeRequest.reject(state.storedError);
    state.closeRequest = undefined;
  }
  state.isClosed.reject(state.storedError);
  markHandled(state.isClosed.promise);
  if (state.writer !== undefined) {
    state.writer[kState].closed.reject(state.storedError);
    markHandled(state.writer[kState].closed.promise);
  }
}

function rejectReady(writer, error) {
  if (writer[kState].ready.isPending) writer[kState].ready.reject(error);
  else writer[kState].ready = rejectedDeferred(error);
  markHandled(writer[kState].ready.promise);
}

function rejectClosed(writer, error) {
  if (writer[kState].closed.isPending) writer[kState].closed.reject(error);
  else writer[kState].closed = rejectedDeferred(error);
  markHandled(writer[kState].closed.promise);
}

function dealWithRejection(stream, error) {
  if (stream[kState].state === 'writable') startErroring(stream, error);
  else finishErroring(stream);
}

function updateBackpressure(stream, backpressure) {
  const state = stream[kState];
  if (state.writer !== undefined && state.backpressure !== backpressure) {
    if (backpressure) state.writer[kState].ready = deferred();
    else state.writer[kState].ready.resolve();
  }
  state.backpressure = backpressure;
}

function releaseWriter(writer) {
  const { stream } = writer[kState];
  const error = new codes.ERR_INVALID_STATE.TypeError('Writer has been released');
  rejectReady(writer, error);
  rejectClosed(writer, error);
  stream[kState].writer = undefined;
  writer[kState].stream = undefined;
}

function writeChunk(writer, chunk) {
  const { stream } = writer[kState];
  const { controller } = stream[kState];
  let size;
  try {
    size = controller[kState].sizeAlgorithm === undefined ? 1 : controller[kState].sizeAlgorithm(chunk);
  } catch (error) {
    if (stream[kState].state === 'writable') controllerError(controller, error);
    size = 1;
  }
  if (stream !== writer[kState].stream) {
    return Promise.reject(new codes.ERR_INVALID_STATE.TypeError('Mismatched WritableStreams'));
  }
  const { state, storedError } = stream[kState];
  if (state === 'errored') return Promise.reject(storedError);
  if (closeQueuedOrInFlight(stream) || state === 'closed') {
    return Promise.reject(new codes.ERR_INVALID_STATE.TypeError('WritableStream is closed'));
  }
  if (state === 'erroring') return Promise.reject(storedError);
  const request = deferred();
  stream[kState].writeRequests.push(request);
  enqueueWrite(controller, chunk, size);
  return request.promise;
}

function enqueueWrite(controller, chunk, size) {
  const { stream } = controller[kState];
  try {
    enqueueValueWithSize(controller[kState], { chunk }, size);
  } catch (error) {
    if (stream[kState].state === 'writable') controllerError(controller, error);
    return;
  }
  if (!closeQueuedOrInFlight(stream) && stream[kState].state === 'writable') {
    updateBackpressure(stream, getDesiredSize(controller) <= 0);
  }
  advanceQueue(controller);
}

function clearAlgorithms(controller) {
  const state = controller[kState];
  state.writeAlgorithm = undefined;
  state.closeAlgorithm = undefined;
  state.abortAlgorithm = undefined;
  state.sizeAlgorithm = undefined;
}

function controllerError(controller, error) {
  clearAlgorithms(controller);
  startErroring(controller[kState].stream, error);
}

function advanceQueue(controller) {
  const { stream, started, queue } = controller[kState];
  if (!started || stream[kState].inFlightWriteRequest !== undefined) return;
  if (stream[kState].state === 'erroring') {
    finishErroring(stream);
    return;
  }
  if (queue.length === 0) return;
  const { value } = queue[0];
  if (value === CLOSE) processClose(controller);
  else processWrite(controller, value.chunk);
}

function processClose(controller) {
  const { stream, closeAlgorithm } = controller[kState];
  const state = stream[kState];
  state.inFlightCloseRequest = state.closeRequest;
  state.closeRequest = undefined;
  dequeueValue(controller[kState]);
  const promise = promiseCall(closeAlgorithm, undefined);
  clearAlgorithms(controller);
  promise.then(() => finishClose(stream), (error) => {
    state.inFlightCloseRequest.reject(error);
    state.inFlightCloseRequest = undefined;
    if (state.pendingAbort !== undefined) {
      state.pendingAbort.deferred.reject(error);
      state.pendingAbort = undefined;
    }
    dealWithRejection(stream, error);
  });
}

function finishClose(stream) {
  const state = stream[kState];
  state.inFlightCloseRequest.resolve();
  state.inFlightCloseRequest = undefined;
  if (state.state === 'erroring') {
    state.storedError = undefined;
    if (state.pendingAbort !== undefined) {
      state.pendingAbort.deferred.resolve();
      state.pendingAbort = undefined;
    }
  }
  state.state = 'closed';
  state.isClosed.resolve();
  if (state.writer !== undefined) state.writer[kState].closed.resolve();
}

function processWrite(controller, chunk) {
  const { stream, writeAlgorithm } = controller[kState];
  const state = stream[kState];
  state.inFlightWriteRequest = state.writeRequests.shift();
  promiseCall(writeAlgorithm, undefined, chunk, controller).then(() => {
    state.inFlightWriteRequest.resolve();
    state.inFlightWriteRequest = undefined;
    dequeueValue(controller[kState]);
    if (!closeQueuedOrInFlight(stream) && state.state === 'writable') {
      updateBackpressure(stream, getDesiredSize(controller) <= 0);
    }
    advanceQueue(controller);
  }, (error) => {
    if (state.state === 'writable') clearAlgorithms(controller);
    state.inFlightWriteRequest.reject(error);
    state.inFlightWriteRequest = undefined;
    dealWithRejection(stream, error);
  });
}

/** Gives `stream` a controller. `algorithms` are start, write, close and abort. */
function setUpController(stream, algorithms, highWaterMark, sizeAlgorithm) {
  const controller = new WritableStreamDefaultController(kInternal);
  defineState(controller, BRAND, {
    abortController: new AbortController(),
    stream,
    queue: [],
    queueTotalSize: 0,
    started: false,
    sizeAlgorithm,
    highWaterMark,
    writeAlgorithm: algorithms.write,
    closeAlgorithm: algorithms.close,
    abortAlgorithm: algorithms.abort,
  });
  stream[kState].controller = controller;
  updateBackpressure(stream, getDesiredSize(controller) <= 0);
  const startResult = algorithms.start(controller);
  Promise.resolve(startResult).then(() => {
    controller[kState].started = true;
    advanceQueue(controller);
  }, (error) => {
    controller[kState].started = true;
    dealWithRejection(stream, error);
  });
  return controller;
}

function setUpFromSink(stream, sink, methods, highWaterMark, sizeAlgorithm) {
  const nothing = () => undefined;
  setUpController(stream, {
    start: methods.start ? (controller) => methods.start.call(sink, controller) : nothing,
    write: methods.write ? (chunk, controller) => methods.write.call(sink, chunk, controller) : nothing,
    close: methods.close ? () => methods.close.call(sink) : nothing,
    abort: methods.abort ? (reason) => methods.abort.call(sink, reason) : nothing,
  }, highWaterMark, sizeAlgorithm);
}

module.exports = {
  WritableStreamDefaultController,
  abort,
  close,
  closeQueuedOrInFlight,
  controllerError,
  getDesiredSize,
  releaseWriter,
  setUpController,
  setUpFromSink,
  writeChunk,
};
