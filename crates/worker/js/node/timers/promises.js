'use strict';

const { AbortError } = require('internal/errors');
const { validateAbortSignal, validateBoolean, validateNumber, validateObject } = require('internal/validators');
const timers = require('internal/timers');

function validate(options) {
  const { signal, ref } = options;
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  if (ref !== undefined) validateBoolean(ref, 'options.ref');
  return { signal, ref: ref ?? true };
}

/** Settles with a timer made by `start`, or with the signal if that comes first. */
function wait(start, stop, value, options) {
  let parsed;
  try {
    validateObject(options, 'options');
    parsed = validate(options);
  } catch (error) {
    return Promise.reject(error);
  }
  const { signal, ref } = parsed;
  if (signal?.aborted) return Promise.reject(new AbortError(undefined, { cause: signal.reason }));
  return new Promise((resolve, reject) => {
    function abort() {
      stop(timer);
      reject(new AbortError(undefined, { cause: signal.reason }));
    }
    const timer = start(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
    if (!ref) timer.unref();
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function setTimeout(after, value, options = {}) {
  try {
    if (after !== undefined) validateNumber(after, 'delay');
  } catch (error) {
    return Promise.reject(error);
  }
  return wait((done) => timers.setTimeout(done, after), timers.clearTimeout, value, options);
}

function setImmediate(value, options = {}) {
  return wait((done) => timers.setImmediate(done), timers.clearImmediate, value, options);
}

async function* setInterval(after, value, options = {}) {
  validateObject(options, 'options');
  if (after !== undefined) validateNumber(after, 'delay');
  const { signal, ref } = validate(options);
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  let waiting;
  let passed = 0;
  const interval = timers.setInterval(() => {
    passed++;
    waiting?.();
  }, after);
  if (!ref) interval.unref();
  const abort = () => {
    timers.clearInterval(interval);
    waiting?.();
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    while (!signal?.aborted) {
      if (passed === 0) {
        await new Promise((resolve) => {
          waiting = resolve;
        });
        waiting = undefined;
      }
      for (; passed > 0; passed--) yield value;
    }
    throw new AbortError(undefined, { cause: signal.reason });
  } finally {
    timers.clearInterval(interval);
    signal?.removeEventListener('abort', abort);
  }
}

class Scheduler {
  constructor() {
    throw new (require('internal/errors').codes.ERR_ILLEGAL_CONSTRUCTOR)();
  }

  yield() {
    return setImmediate();
  }

  wait(delay, options) {
    return setTimeout(delay, undefined, options);
  }
}

module.exports = {
  setTimeout,
  setImmediate,
  setInterval,
  scheduler: Object.create(Scheduler.prototype),
};
