'use strict';

// What iterators can do, for readable streams: map, filter, reduce and the others.

const { AbortError, codes } = require('internal/errors');
const { addAbortSignalNoValidate } = require('internal/streams/add_abort_signal');
const { finished } = require('internal/streams/end_of_stream');
const { isNodeStream, isWritable } = require('internal/streams/predicates');
const { validateAbortSignal, validateInteger, validateObject } = require('internal/validators');

const EMPTY = Symbol('empty');
const END = Symbol('end');

function validateOptions(options) {
  if (options != null) validateObject(options, 'options');
  if (options?.signal != null) validateAbortSignal(options.signal, 'options.signal');
}

function throwIfAborted(signal) {
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
}

function validateCallback(fn) {
  if (typeof fn !== 'function') throw new codes.ERR_INVALID_ARG_TYPE('fn', ['Function', 'AsyncFunction'], fn);
}

function compose(stream, options) {
  if (options != null) validateObject(options, 'options');
  if (options?.signal != null) validateAbortSignal(options.signal, 'options.signal');
  if (isNodeStream(stream) && !isWritable(stream)) {
    throw new codes.ERR_INVALID_ARG_VALUE('stream', stream, 'must be writable');
  }
  const composed = require('internal/streams/compose')(this, stream);
  if (options?.signal) addAbortSignalNoValidate(options.signal, composed);
  return composed;
}

/** Calls `fn` for up to `concurrency` chunks at once and gives the results in order. */
function map(fn, options) {
  validateCallback(fn);
  validateOptions(options);
  const concurrency = options?.concurrency != null ? Math.floor(options.concurrency) : 1;
  const highWaterMark = options?.highWaterMark != null ? Math.floor(options.highWaterMark) : concurrency - 1;
  validateInteger(concurrency, 'options.concurrency', 1);
  validateInteger(highWaterMark, 'options.highWaterMark', 0);
  return mapped(this, fn, options?.signal, concurrency, highWaterMark + concurrency);
}

async function* mapped(stream, fn, outerSignal, concurrency, limit) {
  const controller = new AbortController();
  const signal = outerSignal ? AbortSignal.any([outerSignal, controller.signal]) : controller.signal;
  const queue = [];
  let wakeConsumer;
  let wakeProducer;
  let isDone = false;
  let running = 0;

  function onSettled() {
    running -= 1;
    resumeProducer();
  }
  function onFailed() {
    isDone = true;
    onSettled();
  }
  function resumeProducer() {
    if (!wakeProducer || isDone || running >= concurrency || queue.length >= limit) return;
    const wake = wakeProducer;
    wakeProducer = null;
    wake();
  }
  function wakeUpConsumer() {
    const wake = wakeConsumer;
    wakeConsumer = null;
    wake?.();
  }
  async function produce() {
    try {
      for await (let value of stream) {
        if (isDone) return;
        throwIfAborted(signal);
        try {
          value = fn(value, { signal });
          if (value === EMPTY) continue;
          value = Promise.resolve(value);
        } catch (error) {
          value = Promise.reject(error);
        }
        running += 1;
        value.then(onSettled, onFailed);
        queue.push(value);
        wakeUpConsumer();
        if (!isDone && (queue.length >= limit || running >= concurrency)) {
          await new Promise((resolve) => { wakeProducer = resolve; });
        }
      }
      queue.push(END);
    } catch (error) {
      const failure = Promise.reject(error);
      failure.then(onSettled, onFailed);
      queue.push(failure);
    } finally {
      isDone = true;
      wakeUpConsumer();
    }
  }
  produce();

  try {
    for (;;) {
      while (queue.length > 0) {
        const value = await queue[0];
        if (value === END) return;
        throwIfAborted(signal);
        if (value !== EMPTY) yield value;
        queue.shift();
        resumeProducer();
      }
      await new Promise((resolve) => { wakeConsumer = resolve; });
    }
  } finally {
    isDone = true;
    controller.abort();
    wakeProducer?.();
  }
}

function filter(fn, options) {
  validateCallback(fn);
  return map.call(this, async (value, context) => (await fn(value, context) ? value : EMPTY), options);
}

async function forEach(fn, options) {
  validateCallback(fn);
  const call = async (value, context) => {
    await fn(value, context);
    return EMPTY;
  };
  const values = map.call(this, call, options);
  while (!(await values.next()).done);
}

async function some(fn, options) {
  const values = filter.call(this, fn, options);
  const { done } = await values.next();
  await values.return();
  return !done;
}

async function every(fn, options) {
  validateCallback(fn);
  return !(await some.call(this, async (...args) => !(await fn(...args)), options));
}

async function find(fn, options) {
  for await (const value of filter.call(this, fn, options)) return value;
  return undefined;
}

async function reduce(fn, ...rest) {
  validateCallback(fn);
  let [accumulator] = rest;
  const [, options] = rest;
  let hasInitial = rest.length > 0;
  validateOptions(options);
  const outer = options?.signal;
  if (outer?.aborted) {
    const error = new AbortError(undefined, { cause: outer.reason });
    this.once('error', () => {});
    await finished(this.destroy(error));
    throw error;
  }
  const controller = new AbortController();
  const { signal } = controller;
  outer?.addEventListener('abort', () => controller.abort(), { once: true });
  let isEmpty = true;
  try {
    for await (const value of this) {
      isEmpty = false;
      if (outer?.aborted) throw new AbortError();
      if (hasInitial) {
        accumulator = await fn(accumulator, value, { signal });
      } else {
        accumulator = value;
        hasInitial = true;
      }
    }
    if (isEmpty && !hasInitial) {
      throw Object.assign(new TypeError('Reduce of an empty stream requires an initial value'), {
        code: 'ERR_MISSING_ARGS',
      });
    }
  } finally {
    controller.abort();
  }
  return accumulator;
}

async function toArray(options) {
  validateOptions(options);
  const values = [];
  for await (const value of this) {
    if (options?.signal?.aborted) throw new AbortError(undefined, { cause: options.signal.reason });
    values.push(value);
  }
  return values;
}

function flatMap(fn, options) {
  const values = map.call(this, fn, options);
  return (async function* flattened() {
    for await (const value of values) yield* value;
  }());
}

function toCount(number) {
  number = Number(number);
  if (Number.isNaN(number)) return 0;
  if (number < 0) throw new codes.ERR_OUT_OF_RANGE('number', '>= 0', number);
  return number;
}

function drop(number, options = undefined) {
  validateOptions(options);
  let left = toCount(number);
  const stream = this;
  return (async function* dropped() {
    throwIfAborted(options?.signal);
    for await (const value of stream) {
      throwIfAborted(options?.signal);
      if (left-- <= 0) yield value;
    }
  }());
}

function take(number, options = undefined) {
  validateOptions(options);
  let left = toCount(number);
  const stream = this;
  return (async function* taken() {
    throwIfAborted(options?.signal);
    for await (const value of stream) {
      throwIfAborted(options?.signal);
      if (left-- > 0) yield value;
      if (left <= 0) return; // Before another chunk is asked for.
    }
  }());
}

function asIndexedPairs(options = undefined) {
  validateOptions(options);
  const stream = this;
  return (async function* pairs() {
    let index = 0;
    for await (const value of stream) {
      throwIfAborted(options?.signal);
      yield [index++, value];
    }
  }());
}

module.exports = {
  /** Operators that give a promise. */
  promiseReturning: { every, forEach, reduce, toArray, some, find },
  /** Operators that give a stream. */
  streamReturning: { asIndexedPairs, drop, filter, flatMap, map, take, compose },
};
