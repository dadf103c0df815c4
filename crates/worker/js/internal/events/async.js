'use strict';

// events.once, events.on and events.addAbortListener.

const { AbortError, codes } = require('internal/errors');
const {
  validateAbortSignal, validateFunction, validateInteger, validateObject,
} = require('internal/validators');

const kWatermarkData = Symbol.for('nodejs.watermarkData');

function abortErrorOf(signal) {
  return new AbortError(undefined, { cause: signal?.reason });
}

/** Adds `listener` to an EventEmitter or an EventTarget and returns a function that removes it. */
function listen(emitter, name, listener, once) {
  if (typeof emitter?.on === 'function') {
    if (once) emitter.once(name, listener);
    else emitter.on(name, listener);
    return () => emitter.removeListener(name, listener);
  }
  if (typeof emitter?.addEventListener === 'function') {
    emitter.addEventListener(name, listener, { once });
    return () => emitter.removeEventListener(name, listener);
  }
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', 'EventEmitter', emitter);
}

async function once(emitter, name, options = {}) {
  validateObject(options, 'options');
  const { signal } = options;
  validateAbortSignal(signal, 'options.signal');
  if (signal?.aborted) throw abortErrorOf(signal);
  const removals = [];
  const stop = () => removals.forEach((remove) => remove());
  return new Promise((resolve, reject) => {
    removals.push(listen(emitter, name, (...args) => {
      stop();
      resolve(args);
    }, true));
    if (name !== 'error' && typeof emitter.once === 'function') {
      const onError = (error) => {
        stop();
        reject(error);
      };
      emitter.once('error', onError);
      removals.push(() => emitter.removeListener('error', onError));
    }
    if (signal != null) {
      removals.push(listen(signal, 'abort', () => {
        stop();
        reject(abortErrorOf(signal));
      }, true));
    }
  });
}

/** Marks need a type, then a range; both names of an option are accepted, the short one first. */
function readWatermark(options, short, long, fallback, min) {
  const value = options[short] ?? options[long];
  if (value === undefined) return fallback;
  validateInteger(value, `options.${short}`, min);
  return value;
}

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

function on(emitter, event, options = {}) {
  validateObject(options, 'options');
  const { signal } = options;
  validateAbortSignal(signal, 'options.signal');
  if (signal?.aborted) throw abortErrorOf(signal);
  const highWaterMark = readWatermark(options, 'highWaterMark', 'highWatermark', Number.MAX_SAFE_INTEGER, 1);
  const lowWaterMark = readWatermark(options, 'lowWaterMark', 'lowWatermark', 1, 1);

  const unconsumedEvents = [];
  const waiting = [];
  const removals = [];
  let paused = false;
  let failure = null;
  let finished = false;

  const close = () => {
    removals.forEach((remove) => remove());
    finished = true;
    for (const promise of waiting.splice(0)) promise.resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  const fail = (error) => {
    if (waiting.length === 0) failure = error;
    else waiting.shift().reject(error);
    close();
  };
  const receive = (...args) => {
    if (waiting.length > 0) {
      waiting.shift().resolve({ value: args, done: false });
      return;
    }
    unconsumedEvents.push(args);
    if (!paused && unconsumedEvents.length > highWaterMark) {
      paused = true;
      emitter.pause?.();
    }
  };

  const iterator = Object.setPrototypeOf({
    next() {
      if (unconsumedEvents.length > 0) {
        const value = unconsumedEvents.shift();
        if (paused && unconsumedEvents.length < lowWaterMark) {
          emitter.resume?.();
          paused = false;
        }
        return Promise.resolve({ value, done: false });
      }
      if (failure !== null) {
        const rejection = Promise.reject(failure);
        failure = null;
        return rejection;
      }
      if (finished) return close();
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: () => close(),
    throw(error) {
      if (!error || !(error instanceof Error)) {
        throw new codes.ERR_INVALID_ARG_TYPE('EventEmitter.AsyncIterator', 'Error', error);
      }
      fail(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [kWatermarkData]: {
      get size() {
        return unconsumedEvents.length;
      },
      get low() {
        return lowWaterMark;
      },
      get high() {
        return highWaterMark;
      },
      get isPaused() {
        return paused;
      },
    },
  }, AsyncIteratorPrototype);

  removals.push(listen(emitter, event, receive, false));
  if (event !== 'error' && typeof emitter.on === 'function') removals.push(listen(emitter, 'error', fail, false));
  for (const name of options.close ?? []) removals.push(listen(emitter, name, close, false));
  if (signal) removals.push(listen(signal, 'abort', () => fail(abortErrorOf(signal)), true));
  return iterator;
}

function addAbortListener(signal, listener) {
  if (signal === undefined) throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
  validateAbortSignal(signal, 'signal');
  validateFunction(listener, 'listener');
  let remove;
  if (signal.aborted) {
    queueMicrotask(() => listener());
  } else {
    signal.addEventListener('abort', listener, { once: true });
    remove = () => signal.removeEventListener('abort', listener);
  }
  return {
    [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
      remove?.();
    },
  };
}

module.exports = { addAbortListener, on, once };
