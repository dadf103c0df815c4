'use strict';

// The class TransformStream: a writable stream whose chunks come out of a readable one, changed.

const { codes } = require('internal/errors');
const {
  deferred, defineState, finishClass, inspectable, kInternal, kState, markHandled, methodOf, promiseCall, requireBrand,
  sizeAlgorithmOf, validateHighWaterMark,
} = require('internal/webstreams/shared');
const { createReadableStream } = require('internal/webstreams/readable');
const { createWritableStream } = require('internal/webstreams/writable');
const readableControls = require('internal/webstreams/readable_default');
const writables = require('internal/webstreams/writable_operations');
const { validateObject } = require('internal/validators');

const ANY_OBJECT = 0b110; // Arrays and functions too; internal/validators.
const BRAND = 'TransformStream';
const CONTROLLER = 'TransformStreamDefaultController';

class TransformStream {
  constructor(transformer = null, writableStrategy = {}, readableStrategy = {}) {
    if (transformer != null) validateObject(transformer, 'transformer', ANY_OBJECT);
    if (writableStrategy != null) validateObject(writableStrategy, 'writableStrategy', ANY_OBJECT);
    if (readableStrategy != null) validateObject(readableStrategy, 'readableStrategy', ANY_OBJECT);
    for (const key of ['readableType', 'writableType']) {
      const type = transformer?.[key];
      if (type !== undefined) throw new codes.ERR_INVALID_ARG_VALUE.RangeError(`transformer.${key}`, type);
    }
    const readableMark = validateHighWaterMark(readableStrategy?.highWaterMark, 0);
    const readableSize = sizeAlgorithmOf(readableStrategy?.size);
    const writableMark = validateHighWaterMark(writableStrategy?.highWaterMark, 1);
    const writableSize = sizeAlgorithmOf(writableStrategy?.size);
    const methods = {
      start: methodOf(transformer, 'start', 'transformer'),
      transform: methodOf(transformer, 'transform', 'transformer'),
      flush: methodOf(transformer, 'flush', 'transformer'),
      cancel: methodOf(transformer, 'cancel', 'transformer'),
    };
    const start = deferred();
    defineState(this, BRAND, {
      backpressure: undefined,
      backpressureChange: undefined,
      controller: undefined,
      readable: undefined,
      writable: undefined,
    });
    const state = this[kState];
    state.writable = createWritableStream(sinkAlgorithms(this, start), writableMark, writableSize);
    state.readable = createReadableStream(sourceAlgorithms(this, start), readableMark, readableSize);
    setBackpressure(this, true);
    const controller = setUpController(this, transformer, methods);
    if (methods.start) start.resolve(methods.start.call(transformer, controller));
    else start.resolve();
  }

  get readable() {
    requireBrand(this, BRAND);
    return this[kState].readable;
  }

  get writable() {
    requireBrand(this, BRAND);
    return this[kState].writable;
  }
}
finishClass(TransformStream, ['readable', 'writable'], BRAND);
inspectable(TransformStream, (stream) => ({
  readable: stream[kState].readable,
  writable: stream[kState].writable,
  backpressure: stream[kState].backpressure,
}));

class TransformStreamDefaultController {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
  }

  get desiredSize() {
    requireBrand(this, CONTROLLER);
    return readableControls.getDesiredSize(this[kState].stream[kState].readable[kState].controller);
  }

  enqueue(chunk = undefined) {
    requireBrand(this, CONTROLLER);
    enqueue(this, chunk);
  }

  error(reason = undefined) {
    requireBrand(this, CONTROLLER);
    errorStream(this[kState].stream, reason);
  }

  terminate() {
    requireBrand(this, CONTROLLER);
    const { stream } = this[kState];
    readableControls.close(stream[kState].readable[kState].controller);
    errorWritableAndUnblock(stream, new codes.ERR_INVALID_STATE.TypeError('TransformStream has been terminated'));
  }
}
finishClass(TransformStreamDefaultController, ['desiredSize', 'enqueue', 'error', 'terminate'], CONTROLLER);
inspectable(TransformStreamDefaultController, (controller) => ({ stream: controller[kState].stream }));

function setUpController(stream, transformer, methods) {
  const controller = new TransformStreamDefaultController(kInternal);
  defineState(controller, CONTROLLER, {
    stream,
    transformAlgorithm: methods.transform ?
      (chunk) => promiseCall(methods.transform, transformer, chunk, controller) :
      (chunk) => promiseCall(() => enqueue(controller, chunk)),
    flushAlgorithm: methods.flush ?
      () => promiseCall(methods.flush, transformer, controller) : () => Promise.resolve(),
    cancelAlgorithm: methods.cancel ?
      (reason) => promiseCall(methods.cancel, transformer, reason) : () => Promise.resolve(),
    finished: undefined,
  });
  stream[kState].controller = controller;
  return controller;
}

function clearAlgorithms(controller) {
  const state = controller[kState];
  state.transformAlgorithm = undefined;
  state.flushAlgorithm = undefined;
  state.cancelAlgorithm = undefined;
}

function setBackpressure(stream, backpressure) {
  const state = stream[kState];
  state.backpressureChange?.resolve();
  state.backpressureChange = deferred();
  state.backpressure = backpressure;
}

function errorStream(stream, error) {
  readableControls.fail(stream[kState].readable[kState].controller, error);
  errorWritableAndUnblock(stream, error);
}

function errorWritableAndUnblock(stream, error) {
  const { controller, writable } = stream[kState];
  clearAlgorithms(controller);
  if (writable[kState].state === 'writable') writables.controllerError(writable[kState].controller, error);
  if (stream[kState].backpressure) setBackpressure(stream, false);
}

function enqueue(controller, chunk) {
  const { stream } = controller[kState];
  const { readable } = stream[kState];
  const readableController = readable[kState].controller;
  if (!readableControls.canCloseOrEnqueue(readableController)) {
    throw new codes.ERR_INVALID_STATE.TypeError('Unable to enqueue');
  }
  try {
    readableControls.enqueue(readableController, chunk);
  } catch (error) {
    errorWritableAndUnblock(stream, error);
    throw readable[kState].storedError;
  }
  if (!readableWantsMore(readable) && !stream[kState].backpressure) setBackpressure(stream, true);
}

function readableWantsMore(readable) {
  const waiting = readable[kState].reader?.[kState].readRequests.length > 0;
  return waiting || readableControls.getDesiredSize(readable[kState].controller) > 0;
}

async function performTransform(controller, chunk) {
  const { transformAlgorithm, stream } = controller[kState];
  if (transformAlgorithm === undefined) return;
  try {
    await transformAlgorithm(chunk);
  } catch (error) {
    errorStream(stream, error);
    throw error;
  }
}

/** What the writable side does. */
function sinkAlgorithms(stream, start) {
  const state = () => stream[kState];
  return {
    start: () => start.promise,
    async write(chunk) {
      if (state().backpressure) {
        await state().backpressureChange.promise;
        const { writable } = state();
        if (writable[kState].state === 'erroring') throw writable[kState].storedError;
      }
      await performTransform(state().controller, chunk);
    },
    async close() {
      const { readable, controller } = state();
      const own = controller[kState];
      if (own.finished !== undefined) return own.finished.promise;
      own.finished = deferred();
      markHandled(own.finished.promise);
      const { flushAlgorithm } = own;
      const flushed = flushAlgorithm();
      clearAlgorithms(controller);
      try {
        await flushed;
      } catch (error) {
        readableControls.fail(readable[kState].controller, error);
        own.finished.reject(error);
        return own.finished.promise;
      }
      if (readable[kState].state === 'errored') {
        own.finished.reject(readable[kState].storedError);
      } else {
        readableControls.close(readable[kState].controller);
        own.finished.resolve();
      }
      return own.finished.promise;
    },
    async abort(reason) {
      const { readable, controller } = state();
      const own = controller[kState];
      if (own.finished !== undefined) return own.finished.promise;
      own.finished = deferred();
      markHandled(own.finished.promise);
      const cancelled = own.cancelAlgorithm?.(reason);
      clearAlgorithms(controller);
      try {
        await cancelled;
      } catch (error) {
        readableControls.fail(readable[kState].controller, error);
        own.finished.reject(error);
        return own.finished.promise;
      }
      if (readable[kState].state === 'errored') {
        own.finished.reject(readable[kState].storedError);
      } else {
        readableControls.fail(readable[kState].controller, reason);
        own.finished.resolve();
      }
      return own.finished.promise;
    },
  };
}

/** What the readable side does. */
function sourceAlgorithms(stream, start) {
  const state = () => stream[kState];
  return {
    start: () => start.promise,
    async pull() {
      setBackpressure(stream, false);
      return state().backpressureChange.promise;
    },
    async cancel(reason) {
      const { writable, controller } = state();
      const own = controller[kState];
      if (own.finished !== undefined) return own.finished.promise;
      own.finished = deferred();
      markHandled(own.finished.promise);
      const cancelled = own.cancelAlgorithm?.(reason);
      clearAlgorithms(controller);
      let failure;
      try {
        await cancelled;
      } catch (error) {
        failure = { error };
      }
      if (failure === undefined && writable[kState].state === 'errored') {
        own.finished.reject(writable[kState].storedError);
        return own.finished.promise;
      }
      errorWritableAndUnblock(stream, failure ? failure.error : reason);
      if (failure) own.finished.reject(failure.error);
      else own.finished.resolve();
      return own.finished.promise;
    },
  };
}

module.exports = { TransformStream, TransformStreamDefaultController };
