'use strict';

// What the web streams have in common: internal state, queues whose items have sizes, strategies and promises.
// The algorithms follow the WHATWG Streams Standard and keep its names.

const { codes } = require('internal/errors');

/** An object's internal slots; no other code can name this key. */
const kState = Symbol('kState');
/** Passed by this library to constructors that programs must not call. */
const kInternal = Symbol('kInternal');

function isBrand(value, brand) {
  return value != null && typeof value === 'object' && value[kState]?.brand === brand;
}

function requireBrand(value, brand) {
  if (!isBrand(value, brand)) throw new codes.ERR_INVALID_THIS(brand);
}

function defineState(object, brand, slots) {
  Object.defineProperty(object, kState, { value: { brand, ...slots }, enumerable: false, configurable: true });
}

/** A promise with its resolvers; `isPending` tells whether one was used. */
function deferred() {
  const made = Promise.withResolvers();
  made.isPending = true;
  const settle = (name) => {
    const original = made[name];
    return (value) => {
      made.isPending = false;
      original(value);
    };
  };
  made.resolve = settle('resolve');
  made.reject = settle('reject');
  return made;
}

function resolvedDeferred(value) {
  const made = deferred();
  made.resolve(value);
  return made;
}

function rejectedDeferred(reason) {
  const made = deferred();
  markHandled(made.promise);
  made.reject(reason);
  return made;
}

/** A rejection of `promise` is nobody's mistake. */
function markHandled(promise) {
  promise.then(undefined, () => {});
}

/** Calls `fn`; what it throws becomes a rejection. */
function promiseCall(fn, self, ...args) {
  try {
    return Promise.resolve(Reflect.apply(fn, self, args));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The method of an underlying source, sink or transformer, or undefined; anything else there is a mistake. */
function methodOf(object, key, prefix) {
  const method = object?.[key];
  if (method === undefined) return undefined;
  if (typeof method !== 'function') throw new codes.ERR_INVALID_ARG_TYPE(`${prefix}.${key}`, 'Function', method);
  return method;
}

function validateHighWaterMark(value, fallback) {
  if (value === undefined) return fallback;
  const mark = Number(value);
  if (Number.isNaN(mark) || mark < 0) throw new codes.ERR_INVALID_ARG_VALUE.RangeError('strategy.highWaterMark', value);
  return mark;
}

function sizeAlgorithmOf(size) {
  if (size === undefined) return () => 1;
  if (typeof size !== 'function') throw new codes.ERR_INVALID_ARG_TYPE('strategy.size', 'Function', size);
  return (chunk) => size(chunk);
}

function resetQueue(state) {
  state.queue = [];
  state.queueTotalSize = 0;
}

function enqueueValueWithSize(state, value, size) {
  const number = Number(size);
  if (Number.isNaN(number) || number < 0 || number === Infinity) {
    throw new codes.ERR_INVALID_ARG_VALUE.RangeError('size', size);
  }
  state.queue.push({ value, size: number });
  state.queueTotalSize += number;
}

function dequeueValue(state) {
  const { value, size } = state.queue.shift();
  state.queueTotalSize = Math.max(0, state.queueTotalSize - size);
  return value;
}

/** Makes a class look like one of the platform: enumerable members and a tag; `hidden` constructors stay private. */
function finishClass(Class, members, tag) {
  const enumerable = { enumerable: true };
  Object.defineProperties(Class.prototype, Object.fromEntries(members.map((name) => [name, enumerable])));
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: tag, configurable: true });
}

const kInspect = Symbol.for('nodejs.util.inspect.custom');

/** Gives objects of `Class` the text that `describe` makes of them when they are inspected. */
function inspectable(Class, describe) {
  Object.defineProperty(Class.prototype, kInspect, {
    value(depth, options, inspect) {
      if (depth < 0) return this;
      const inner = { ...options, depth: options.depth == null ? null : options.depth - 1 };
      return `${Class.name} ${(inspect ?? require('internal/util/inspect').inspect)(describe(this), inner)}`;
    },
    configurable: true,
    writable: true,
  });
}

module.exports = {
  deferred,
  defineState,
  dequeueValue,
  enqueueValueWithSize,
  finishClass,
  inspectable,
  isBrand,
  kInternal,
  kState,
  markHandled,
  methodOf,
  promiseCall,
  rejectedDeferred,
  requireBrand,
  resetQueue,
  resolvedDeferred,
  sizeAlgorithmOf,
  validateHighWaterMark,
};
