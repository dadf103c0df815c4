'use strict';

// The controller of readable streams of any chunks.

const { codes } = require('internal/errors');
const {
  defineState, dequeueValue, enqueueValueWithSize, finishClass, kInternal, kState, inspectable, promiseCall,
  requireBrand, resetQueue,
} = require('internal/webstreams/shared');
const operations = require('internal/webstreams/readable_operations');

const BRAND = 'ReadableStreamDefaultController';

class ReadableStreamDefaultController {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }

  get desiredSize() {
    requireBrand(this, BRAND);
    return getDesiredSize(this);
  }

  close() {
    requireBrand(this, BRAND);
    if (!canCloseOrEnqueue(this)) throw new codes.ERR_INVALID_STATE.TypeError('Controller is already closed');
    close(this);
  }

  enqueue(chunk = undefined) {
    requireBrand(this, BRAND);
    if (!canCloseOrEnqueue(this)) throw new codes.ERR_INVALID_STATE.TypeError('Controller is already closed');
    enqueue(this, chunk);
  }

  error(error = undefined) {
    requireBrand(this, BRAND);
    fail(this, error);
  }
}
finishClass(ReadableStreamDefaultController, ['close', 'desiredSize', 'enqueue', 'error'], BRAND);
inspectable(ReadableStreamDefaultController, () => ({}));

function getDesiredSize(controller) {
  const { stream, highWaterMark, queueTotalSize } = controller[kState];
  switch (stream[kState].state) {
    case 'errored': return null;
    case 'closed': return 0;
    default: return highWaterMark - queueTotalSize;
  }
}

function canCloseOrEnqueue(controller) {
  const { stream, closeRequested } = controller[kState];
  return !closeRequested && stream[kState].state === 'readable';
}

function shouldCallPull(controller) {
  const { stream, started } = controller[kState];
  if (!canCloseOrEnqueue(controller) || !started) return false;
  if (operations.isReadableStreamLocked(stream) && operations.getNumReadRequests(stream) > 0) return true;
  return getDesiredSize(controller) > 0;
}

function callPullIfNeeded(controller) {
  if (!shouldCallPull(controller)) return;
  const state = controller[kState];
  if (state.pulling) {
    state.pullAgain = true;
    return;
  }
  state.pulling = true;
  state.pullAlgorithm().then(() => {
    state.pulling = false;
    if (!state.pullAgain) return;
    state.pullAgain = false;
    callPullIfNeeded(controller);
  }, (error) => fail(controller, error));
}

function clearAlgorithms(controller) {
  const state = controller[kState];
  state.pullAlgorithm = undefined;
  state.cancelAlgorithm = undefined;
  state.sizeAlgorithm = undefined;
}

function close(controller) {
  if (!canCloseOrEnqueue(controller)) return;
  const state = controller[kState];
  state.closeRequested = true;
  if (state.queue.length > 0) return;
  clearAlgorithms(controller);
  operations.readableStreamClose(state.stream);
}

function enqueue(controller, chunk) {
  if (!canCloseOrEnqueue(controller)) return;
  const state = controller[kState];
  const { stream } = state;
  if (operations.isReadableStreamLocked(stream) && operations.getNumReadRequests(stream) > 0) {
    operations.fulfillReadRequest(stream, chunk, false);
  } else {
    try {
      enqueueValueWithSize(state, chunk, state.sizeAlgorithm(chunk));
    } catch (error) {
      fail(controller, error);
      throw error;
    }
  }
  callPullIfNeeded(controller);
}

function fail(controller, error) {
  const { stream } = controller[kState];
  if (stream[kState].state !== 'readable') return;
  resetQueue(controller[kState]);
  clearAlgorithms(controller);
  operations.readableStreamError(stream, error);
}

function pullSteps(controller, request) {
  const state = controller[kState];
  const { stream } = state;
  if (state.queue.length > 0) {
    const chunk = dequeueValue(state);
    if (state.closeRequested && state.queue.length === 0) {
      clearAlgorithms(controller);
      operations.readableStreamClose(stream);
    } else {
      callPullIfNeeded(controller);
    }
    request.chunk(chunk);
  } else {
    stream[kState].reader[kState].readRequests.push(request);
    callPullIfNeeded(controller);
  }
}

/** Gives `stream` a controller. `algorithms` are start, pull and cancel; the last two give promises. */
function setUpDefaultController(stream, algorithms, highWaterMark, sizeAlgorithm) {
  const controller = new ReadableStreamDefaultController(kInternal);
  defineState(controller, BRAND, {
    stream,
    queue: [],
    queueTotalSize: 0,
    started: false,
    closeRequested: false,
    pullAgain: false,
    pulling: false,
    sizeAlgorithm,
    highWaterMark,
    pullAlgorithm: algorithms.pull,
    cancelAlgorithm: algorithms.cancel,
    pullSteps: (request) => pullSteps(controller, request),
    releaseSteps() {},
    cancelSteps(reason) {
      const state = controller[kState];
      resetQueue(state);
      const { cancelAlgorithm } = state;
      clearAlgorithms(controller);
      return cancelAlgorithm(reason);
    },
  });
  stream[kState].controller = controller;
  const startResult = algorithms.start(controller);
  Promise.resolve(startResult).then(() => {
    controller[kState].started = true;
    callPullIfNeeded(controller);
  }, (error) => fail(controller, error));
  return controller;
}

/** The same, with the algorithms that a program's underlying source has. */
function setUpFromSource(stream, source, methods, highWaterMark, sizeAlgorithm) {
  setUpDefaultController(stream, {
    start: (controller) => methods.start?.call(source, controller),
    pull: methods.pull ?
      () => promiseCall(methods.pull, source, stream[kState].controller) : () => Promise.resolve(),
    cancel: methods.cancel ? (reason) => promiseCall(methods.cancel, source, reason) : () => Promise.resolve(),
  }, highWaterMark, sizeAlgorithm);
}

module.exports = {
  ReadableStreamDefaultController,
  canCloseOrEnqueue,
  close,
  enqueue,
  fail,
  getDesiredSize,
  setUpDefaultController,
  setUpFromSource,
};
