'use strict';

// The controller of readable streams of bytes, which can fill the reader's own memory.

const { codes } = require('internal/errors');
const {
  defineState, finishClass, inspectable, kInternal, kState, promiseCall, requireBrand, resetQueue,
} = require('internal/webstreams/shared');
const operations = require('internal/webstreams/readable_operations');
const { validateInteger } = require('internal/validators');

const BRAND = 'ReadableByteStreamController';

class ReadableStreamBYOBRequest {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }

  get view() {
    requireBrand(this, 'ReadableStreamBYOBRequest');
    return this[kState].view;
  }

  respond(bytesWritten) {
    requireBrand(this, 'ReadableStreamBYOBRequest');
    const { controller, view } = this[kState];
    if (controller === undefined) throw new codes.ERR_INVALID_STATE.TypeError('This BYOB request has been invalidated');
    if (view.buffer.byteLength === 0) throw new codes.ERR_INVALID_STATE.TypeError('Viewed ArrayBuffer is detached');
    respond(controller, bytesWritten);
  }

  respondWithNewView(view) {
    requireBrand(this, 'ReadableStreamBYOBRequest');
    const { controller } = this[kState];
    if (controller === undefined) throw new codes.ERR_INVALID_STATE.TypeError('This BYOB request has been invalidated');
    if (!ArrayBuffer.isView(view)) {
      throw new codes.ERR_INVALID_ARG_TYPE('view', ['Buffer', 'TypedArray', 'DataView'], view);
    }
    respondWithNewView(controller, view);
  }
}
finishClass(ReadableStreamBYOBRequest, ['view', 'respond', 'respondWithNewView'], 'ReadableStreamBYOBRequest');
inspectable(ReadableStreamBYOBRequest, (request) => ({
  view: request[kState].view, controller: request[kState].controller,
}));

class ReadableByteStreamController {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }

  get byobRequest() {
    requireBrand(this, BRAND);
    const state = this[kState];
    if (state.byobRequest === null && state.pendingPullIntos.length > 0) {
      const first = state.pendingPullIntos[0];
      const { buffer, byteOffset, byteLength, bytesFilled } = first;
      const view = new Uint8Array(buffer, byteOffset + bytesFilled, byteLength - bytesFilled);
      const request = new ReadableStreamBYOBRequest(kInternal);
      defineState(request, 'ReadableStreamBYOBRequest', { controller: this, view });
      state.byobRequest = request;
    }
    return state.byobRequest;
  }

  get desiredSize() {
    requireBrand(this, BRAND);
    return getDesiredSize(this);
  }

  close() {
    requireBrand(this, BRAND);
    requireOpen(this);
    close(this);
  }

  enqueue(chunk) {
    requireBrand(this, BRAND);
    if (!ArrayBuffer.isView(chunk)) {
      throw new codes.ERR_INVALID_ARG_TYPE('buffer', ['Buffer', 'TypedArray', 'DataView'], chunk);
    }
    if (chunk.byteLength === 0 || chunk.buffer.byteLength === 0) {
      throw new codes.ERR_INVALID_STATE.TypeError('chunk ArrayBuffer is zero-length or detached');
    }
    requireOpen(this);
    enqueue(this, chunk);
  }

  error(error = undefined) {
    requireBrand(this, BRAND);
    fail(this, error);
  }
}
finishClass(ReadableByteStreamController, ['byobRequest', 'desiredSize', 'close', 'enqueue', 'error'], BRAND);
inspectable(ReadableByteStreamController, () => ({}));

function requireOpen(controller) {
  const { closeRequested, stream } = controller[kState];
  if (closeRequested) throw new codes.ERR_INVALID_STATE.TypeError('Controller is already closed');
  if (stream[kState].state === 'readable') return;
  throw new codes.ERR_INVALID_STATE.TypeError('ReadableStream is already closed');
}

function getDesiredSize(controller) {
  const { stream, highWaterMark, queueTotalSize } = controller[kState];
  switch (stream[kState].state) {
    case 'errored': return null;
    case 'closed': return 0;
    default: return highWaterMark - queueTotalSize;
  }
}

function shouldCallPull(controller) {
  const { stream, closeRequested, started } = controller[kState];
  if (stream[kState].state !== 'readable' || closeRequested || !started) return false;
  if (operations.hasDefaultReader(stream) && operations.getNumReadRequests(stream) > 0) return true;
  if (operations.hasByobReader(stream) && operations.getNumReadIntoRequests(stream) > 0) return true;
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

function invalidateByobRequest(controller) {
  const state = controller[kState];
  if (state.byobRequest === null) return;
  state.byobRequest[kState].controller = undefined;
  state.byobRequest[kState].view = null;
  state.byobRequest = null;
}

function clearAlgorithms(controller) {
  controller[kState].pullAlgorithm = undefined;
  controller[kState].cancelAlgorithm = undefined;
}

function clearPendingPullIntos(controller) {
  invalidateByobRequest(controller);
  controller[kState].pendingPullIntos = [];
}

function fail(controller, error) {
  const { stream } = controller[kState];
  if (stream[kState].state !== 'readable') return;
  clearPendingPullIntos(controller);
  resetQueue(controller[kState]);
  clearAlgorithms(controller);
  operations.readableStreamError(stream, error);
}

function close(controller) {
  const state = controller[kState];
  if (state.closeRequested || state.stream[kState].state !== 'readable') return;
  if (state.queueTotalSize > 0) {
    state.closeRequested = true;
    return;
  }
  const [first] = state.pendingPullIntos;
  if (first && first.bytesFilled % first.elementSize !== 0) {
    const error = new codes.ERR_INVALID_STATE.TypeError('Partial read');
    fail(controller, error);
    throw error;
  }
  clearAlgorithms(controller);
  operations.readableStreamClose(state.stream);
}

function enqueueBytes(controller, buffer, byteOffset, byteLength) {
  controller[kState].queue.push({ buffer, byteOffset, byteLength });
  controller[kState].queueTotalSize += byteLength;
}

function enqueue(controller, chunk) {
  const state = controller[kState];
  const { stream } = state;
  if (state.closeRequested || stream[kState].state !== 'readable') return;
  const { byteOffset, byteLength } = chunk;
  const buffer = chunk.buffer.transfer();
  const [first] = state.pendingPullIntos;
  if (first) {
    if (first.buffer.byteLength === 0) {
      throw new codes.ERR_INVALID_STATE.TypeError('Destination ArrayBuffer is detached');
    }
    invalidateByobRequest(controller);
    first.buffer = first.buffer.transfer();
    if (first.readerType === 'none') enqueueDetachedPullInto(controller, first);
  }
  if (operations.hasDefaultReader(stream)) {
    while (operations.getNumReadRequests(stream) > 0 && state.queueTotalSize > 0) {
      fillReadRequestFromQueue(controller, stream[kState].reader[kState].readRequests.shift());
    }
    if (operations.getNumReadRequests(stream) === 0) {
      enqueueBytes(controller, buffer, byteOffset, byteLength);
    } else {
      if (state.pendingPullIntos.length > 0) state.pendingPullIntos.shift();
      operations.fulfillReadRequest(stream, new Uint8Array(buffer, byteOffset, byteLength), false);
    }
  } else if (operations.hasByobReader(stream)) {
    enqueueBytes(controller, buffer, byteOffset, byteLength);
    for (const filled of processPullIntosUsingQueue(controller)) commitPullInto(stream, filled);
  } else {
    enqueueBytes(controller, buffer, byteOffset, byteLength);
  }
  callPullIfNeeded(controller);
}

/** The reader of this request has gone: what it was given so far belongs to the queue. */
function enqueueDetachedPullInto(controller, descriptor) {
  if (descriptor.bytesFilled > 0) {
    const start = descriptor.byteOffset;
    const copy = descriptor.buffer.slice(start, start + descriptor.bytesFilled);
    enqueueBytes(controller, copy, 0, copy.byteLength);
  }
  controller[kState].pendingPullIntos.shift();
  invalidateByobRequest(controller);
}

function fillReadRequestFromQueue(controller, request) {
  const state = controller[kState];
  const entry = state.queue.shift();
  state.queueTotalSize -= entry.byteLength;
  handleQueueDrain(controller);
  request.chunk(new Uint8Array(entry.buffer, entry.byteOffset, entry.byteLength));
}

function handleQueueDrain(controller) {
  const state = controller[kState];
  if (state.queueTotalSize === 0 && state.closeRequested) {
    clearAlgorithms(controller);
    operations.readableStreamClose(state.stream);
  } else {
    callPullIfNeeded(controller);
  }
}

function convertPullInto(descriptor) {
  const { bytesFilled, elementSize, viewConstructor, byteOffset } = descriptor;
  return new viewConstructor(descriptor.buffer.transfer(), byteOffset, bytesFilled / elementSize);
}

function commitPullInto(stream, descriptor) {
  const done = stream[kState].state === 'closed';
  const view = convertPullInto(descriptor);
  if (descriptor.readerType === 'default') operations.fulfillReadRequest(stream, view, done);
  else operations.fulfillReadIntoRequest(stream, view, done);
}

/** Copies queued bytes into the reader's memory; tells whether that satisfies it. */
function fillPullIntoFromQueue(controller, descriptor) {
  const state = controller[kState];
  const most = Math.min(state.queueTotalSize, descriptor.byteLength - descriptor.bytesFilled);
  const filled = descriptor.bytesFilled + most;
  let left = most;
  let isReady = false;
  const aligned = filled - filled % descriptor.elementSize;
  if (aligned >= descriptor.minimumFill) {
    left = aligned - descriptor.bytesFilled;
    isReady = true;
  }
  while (left > 0) {
    const head = state.queue[0];
    const count = Math.min(left, head.byteLength);
    const target = new Uint8Array(descriptor.buffer, descriptor.byteOffset + descriptor.bytesFilled, count);
    target.set(new Uint8Array(head.buffer, head.byteOffset, count));
    if (head.byteLength === count) {
      state.queue.shift();
    } else {
      head.byteOffset += count;
      head.byteLength -= count;
    }
    state.queueTotalSize -= count;
    descriptor.bytesFilled += count;
    left -= count;
  }
  return isReady;
}

function processPullIntosUsingQueue(controller) {
  const state = controller[kState];
  const filled = [];
  while (state.pendingPullIntos.length > 0 && state.queueTotalSize > 0) {
    const [first] = state.pendingPullIntos;
    if (fillPullIntoFromQueue(controller, first)) {
      state.pendingPullIntos.shift();
      invalidateByobRequest(controller);
      filled.push(first);
    }
  }
  return filled;
}

/** Reads into `view`, at least `min` elements of it. */
function pullInto(controller, view, min, request) {
  const state = controller[kState];
  const { stream } = state;
  const elementSize = view.BYTES_PER_ELEMENT ?? 1;
  const { byteOffset, byteLength, constructor: viewConstructor } = view;
  let buffer;
  try {
    buffer = view.buffer.transfer();
  } catch (error) {
    request.error(error);
    return;
  }
  const descriptor = {
    buffer,
    bufferByteLength: buffer.byteLength,
    byteOffset,
    byteLength,
    bytesFilled: 0,
    minimumFill: min * elementSize,
    elementSize,
    viewConstructor,
    readerType: 'byob',
  };
  const requests = stream[kState].reader[kState].readIntoRequests;
  if (state.pendingPullIntos.length > 0) {
    state.pendingPullIntos.push(descriptor);
    requests.push(request);
    return;
  }
  if (stream[kState].state === 'closed') {
    request.close(new viewConstructor(buffer, byteOffset, 0));
    return;
  }
  if (state.queueTotalSize > 0) {
    if (fillPullIntoFromQueue(controller, descriptor)) {
      const filled = convertPullInto(descriptor);
      handleQueueDrain(controller);
      request.chunk(filled);
      return;
    }
    if (state.closeRequested) {
      const error = new codes.ERR_INVALID_STATE.TypeError('ReadableStream closed');
      fail(controller, error);
      request.error(error);
      return;
    }
  }
  state.pendingPullIntos.push(descriptor);
  requests.push(request);
  callPullIfNeeded(controller);
}

function respond(controller, bytesWritten) {
  validateInteger(bytesWritten, 'bytesWritten', 0);
  const state = controller[kState];
  const [first] = state.pendingPullIntos;
  if (state.stream[kState].state === 'closed') {
    if (bytesWritten !== 0) throw new codes.ERR_INVALID_ARG_VALUE('bytesWritten', bytesWritten);
  } else {
    if (bytesWritten === 0) throw new codes.ERR_INVALID_ARG_VALUE('bytesWritten', bytesWritten);
    if (first.bytesFilled + bytesWritten > first.byteLength) {
      throw new codes.ERR_INVALID_ARG_VALUE.RangeError('bytesWritten', bytesWritten);
    }
  }
  first.buffer = first.buffer.transfer();
  respondInternal(controller, bytesWritten);
}

function respondWithNewView(controller, view) {
  const state = controller[kState];
  const [first] = state.pendingPullIntos;
  if (state.stream[kState].state === 'closed') {
    if (view.byteLength !== 0) throw new codes.ERR_INVALID_STATE.TypeError('View is not zero-length');
  } else if (view.byteLength === 0) {
    throw new codes.ERR_INVALID_STATE.TypeError('View is zero-length');
  }
  if (first.byteOffset + first.bytesFilled !== view.byteOffset) {
    throw new codes.ERR_INVALID_ARG_VALUE.RangeError('view', view);
  }
  if (first.bytesFilled + view.byteLength > first.byteLength || first.bufferByteLength !== view.buffer.byteLength) {
    throw new codes.ERR_INVALID_ARG_VALUE.RangeError('view', view);
  }
  const { byteLength } = view;
  first.buffer = view.buffer.transfer();
  respondInternal(controller, byteLength);
}

function respondInternal(controller, bytesWritten) {
  const state = controller[kState];
  const { stream } = state;
  const [first] = state.pendingPullIntos;
  invalidateByobRequest(controller);
  if (stream[kState].state === 'closed') {
    if (first.readerType === 'none') state.pendingPullIntos.shift();
    if (operations.hasByobReader(stream)) {
      const filled = state.pendingPullIntos.splice(0, operations.getNumReadIntoRequests(stream));
      for (const descriptor of filled) commitPullInto(stream, descriptor);
    }
  } else {
    respondInReadableState(controller, bytesWritten, first);
  }
  callPullIfNeeded(controller);
}

function respondInReadableState(controller, bytesWritten, descriptor) {
  const state = controller[kState];
  const { stream } = state;
  descriptor.bytesFilled += bytesWritten;
  if (descriptor.readerType === 'none') {
    enqueueDetachedPullInto(controller, descriptor);
    for (const filled of processPullIntosUsingQueue(controller)) commitPullInto(stream, filled);
    return;
  }
  if (descriptor.bytesFilled < descriptor.minimumFill) return;
  state.pendingPullIntos.shift();
  const surplus = descriptor.bytesFilled % descriptor.elementSize;
  if (surplus > 0) {
    const end = descriptor.byteOffset + descriptor.bytesFilled;
    enqueueBytes(controller, descriptor.buffer.slice(end - surplus, end), 0, surplus);
  }
  descriptor.bytesFilled -= surplus;
  const filled = processPullIntosUsingQueue(controller);
  commitPullInto(stream, descriptor);
  for (const each of filled) commitPullInto(stream, each);
}

function pullSteps(controller, request) {
  const state = controller[kState];
  const { stream } = state;
  if (state.queueTotalSize > 0) {
    fillReadRequestFromQueue(controller, request);
    return;
  }
  const size = state.autoAllocateChunkSize;
  if (size !== undefined) {
    state.pendingPullIntos.push({
      buffer: new ArrayBuffer(size),
      bufferByteLength: size,
      byteOffset: 0,
      byteLength: size,
      bytesFilled: 0,
      minimumFill: 1,
      elementSize: 1,
      viewConstructor: Uint8Array,
      readerType: 'default',
    });
  }
  stream[kState].reader[kState].readRequests.push(request);
  callPullIfNeeded(controller);
}

function setUpByteController(stream, algorithms, highWaterMark, autoAllocateChunkSize = undefined) {
  const controller = new ReadableByteStreamController(kInternal);
  defineState(controller, BRAND, {
    stream,
    queue: [],
    queueTotalSize: 0,
    started: false,
    closeRequested: false,
    pullAgain: false,
    pulling: false,
    byobRequest: null,
    pendingPullIntos: [],
    autoAllocateChunkSize,
    highWaterMark,
    pullAlgorithm: algorithms.pull,
    cancelAlgorithm: algorithms.cancel,
    pullSteps: (request) => pullSteps(controller, request),
    releaseSteps() {
      const [first] = controller[kState].pendingPullIntos;
      if (!first) return;
      first.readerType = 'none';
      controller[kState].pendingPullIntos = [first];
    },
    cancelSteps(reason) {
      clearPendingPullIntos(controller);
      resetQueue(controller[kState]);
      const { cancelAlgorithm } = controller[kState];
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
}

function setUpFromSource(stream, source, methods, highWaterMark) {
  const size = source.autoAllocateChunkSize;
  if (size === 0) throw new codes.ERR_INVALID_ARG_VALUE('source.autoAllocateChunkSize', size);
  if (size !== undefined) validateInteger(size, 'source.autoAllocateChunkSize', 1);
  setUpByteController(stream, {
    start: (controller) => methods.start?.call(source, controller),
    pull: methods.pull ?
      () => promiseCall(methods.pull, source, stream[kState].controller) : () => Promise.resolve(),
    cancel: methods.cancel ? (reason) => promiseCall(methods.cancel, source, reason) : () => Promise.resolve(),
  }, highWaterMark, size);
}

module.exports = {
  ReadableByteStreamController,
  ReadableStreamBYOBRequest,
  close,
  enqueue,
  fail,
  pullInto,
  setUpByteController,
  setUpFromSource,
};
