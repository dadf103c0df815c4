'use strict';

// One readable stream as two, each of which gets every chunk.

const { isBrand, kState } = require('internal/webstreams/shared');
const operations = require('internal/webstreams/readable_operations');
const defaults = require('internal/webstreams/readable_default');
const bytes = require('internal/webstreams/readable_bytes');
const { ReadableStreamDefaultReader } = require('internal/webstreams/readers');

function copyOf(view) {
  return new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

module.exports = function tee(stream) {
  const { createReadableByteStream, createReadableStream } = require('internal/webstreams/readable');
  const ofBytes = isBrand(stream[kState].controller, 'ReadableByteStreamController');
  const controls = ofBytes ? bytes : defaults;
  const reader = new ReadableStreamDefaultReader(stream);
  const cancelled = Promise.withResolvers();
  const branches = [];
  const reasons = [undefined, undefined];
  const isCanceled = [false, false];
  let reading = false;
  let readAgain = false;

  const controllerOf = (index) => branches[index][kState].controller;
  function forEachOpen(action) {
    for (const index of [0, 1]) if (!isCanceled[index]) action(controllerOf(index), index);
  }

  async function pull() {
    if (reading) {
      readAgain = true;
      return;
    }
    reading = true;
    operations.defaultReaderRead(reader, {
      chunk(value) {
        // Out of the source's own turn, which may still be changing the queue.
        queueMicrotask(() => {
          readAgain = false;
          const second = ofBytes && !isCanceled[0] && !isCanceled[1] ? copyOf(value) : value;
          forEachOpen((controller, index) => controls.enqueue(controller, index === 0 ? value : second));
          reading = false;
          if (readAgain) pull();
        });
      },
      close() {
        reading = false;
        forEachOpen((controller) => {
          controls.close(controller);
          if (ofBytes && controller[kState].pendingPullIntos.length > 0) controller.byobRequest.respond(0);
        });
        if (!isCanceled[0] || !isCanceled[1]) cancelled.resolve();
      },
      error() {
        reading = false;
      },
    });
  }

  function cancel(index) {
    return async (reason) => {
      isCanceled[index] = true;
      reasons[index] = reason;
      if (isCanceled[1 - index]) cancelled.resolve(operations.readableStreamCancel(stream, [...reasons]));
      return cancelled.promise;
    };
  }

  const create = ofBytes ? createReadableByteStream : createReadableStream;
  for (const index of [0, 1]) branches.push(create({ start() {}, pull, cancel: cancel(index) }));

  reader[kState].closed.promise.then(undefined, (error) => {
    for (const index of [0, 1]) controls.fail(controllerOf(index), error);
    if (!isCanceled[0] || !isCanceled[1]) cancelled.resolve();
  });
  return branches;
};
