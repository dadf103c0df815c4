'use strict';

// ReadableStream.from(): a stream of what an iterable gives.

const { codes } = require('internal/errors');
const { createReadableStream } = require('internal/webstreams/readable');
const { kState } = require('internal/webstreams/shared');

function iteratorOf(iterable) {
  const method = iterable?.[Symbol.asyncIterator] ?? iterable?.[Symbol.iterator];
  if (typeof method !== 'function') throw new codes.ERR_ARG_NOT_ITERABLE(iterable);
  const isAsync = method === iterable[Symbol.asyncIterator];
  const iterator = Reflect.apply(method, iterable, []);
  if (iterator === null || (typeof iterator !== 'object' && typeof iterator !== 'function')) {
    throw new codes.ERR_INVALID_STATE.TypeError('The iterator method must return an object');
  }
  return { iterator, isAsync };
}

function requireObject(result, method) {
  if (typeof result === 'object' && result !== null) return;
  throw new codes.ERR_INVALID_STATE.TypeError(
    `The promise returned by the iterator.${method}() method must fulfill with an object`);
}

module.exports = function readableStreamFrom(iterable) {
  const { iterator, isAsync } = iteratorOf(iterable);
  const stream = createReadableStream({
    start() {},
    async pull() {
      const result = await iterator.next();
      requireObject(result, 'next');
      if (result.done) controller.close();
      else controller.enqueue(isAsync ? result.value : await result.value);
    },
    async cancel(reason) {
      const method = iterator.return;
      if (method === undefined) return;
      const result = await Reflect.apply(method, iterator, [reason]);
      requireObject(result, 'return');
    },
  }, 0);
  const { controller } = stream[kState];
  return stream;
};
