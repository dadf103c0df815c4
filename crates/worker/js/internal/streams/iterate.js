'use strict';

// Readable streams as async iterators.

const { aggregateTwoErrors } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { eos } = require('internal/streams/end_of_stream');

async function* chunks(stream, options) {
  let wake = () => {};
  /** Wakes the loop; the first call without `resolve` does nothing. */
  const next = (resolve) => {
    if (typeof resolve === 'function') {
      wake = resolve;
    } else {
      wake();
      wake = () => {};
    }
  };
  const onReadable = () => next();
  stream.on('readable', onReadable);

  let error; // Undefined while the stream goes on, null when it has ended well.
  const cleanUp = eos(stream, { writable: false }, (failure) => {
    error = failure ? aggregateTwoErrors(error, failure) : null;
    next();
  });
  try {
    for (;;) {
      const chunk = stream.destroyed ? null : stream.read();
      if (chunk !== null) yield chunk;
      else if (error) throw error;
      else if (error === null) return;
      else await new Promise(next);
    }
  } catch (failure) {
    error = aggregateTwoErrors(error, failure);
    throw error;
  } finally {
    const mayDestroy = error === undefined || stream._readableState.autoDestroy;
    if ((error || options?.destroyOnReturn !== false) && mayDestroy) {
      destroyer(stream, null);
    } else {
      stream.off('readable', onReadable);
      cleanUp();
    }
  }
}

function iterate(stream, options) {
  if (typeof stream.read !== 'function') {
    stream = require('internal/streams/readable').wrap(stream, { objectMode: true });
  }
  const iterator = chunks(stream, options);
  iterator.stream = stream;
  return iterator;
}

module.exports = { iterate };
