'use strict';

// readable.pipeTo(writable): chunks until one side ends, then whatever that means for the other.

const { AbortError, codes } = require('internal/errors');
const { deferred, kState, markHandled } = require('internal/webstreams/shared');
const readables = require('internal/webstreams/readable_operations');
const writables = require('internal/webstreams/writable_operations');

module.exports = function pipeTo(source, destination, { preventAbort, preventCancel, preventClose, signal }) {
  const { ReadableStreamDefaultReader } = require('internal/webstreams/readers');
  const { WritableStreamDefaultWriter } = require('internal/webstreams/writable');
  const reader = new ReadableStreamDefaultReader(source);
  const writer = new WritableStreamDefaultWriter(destination);
  source[kState].disturbed = true;
  const outcome = deferred();
  let shuttingDown = false;
  let lastWrite = Promise.resolve();

  /** Resolves when all chunks that were read have been written. */
  async function allWritten() {
    const current = lastWrite;
    await current;
    if (current !== lastWrite) await allWritten();
  }

  function finalize(isError, error) {
    writables.releaseWriter(writer);
    readables.readerRelease(reader);
    signal?.removeEventListener('abort', onAbort);
    if (isError) outcome.reject(error);
    else outcome.resolve();
  }

  /** Ends the pipe once, after `action` and after what is on its way has arrived. */
  function shutDown(action, isError, error) {
    if (shuttingDown) return;
    shuttingDown = true;
    const run = () => {
      if (action === undefined) {
        finalize(isError, error);
        return;
      }
      action().then(() => finalize(isError, error), (failure) => finalize(true, failure));
    };
    const { state } = destination[kState];
    if (state === 'writable' && !writables.closeQueuedOrInFlight(destination)) allWritten().then(run, run);
    else run();
  }

  function onAbort() {
    const error = signal.reason ?? new AbortError(undefined, { cause: signal.reason });
    const actions = [];
    if (!preventAbort) {
      actions.push(() => (
        destination[kState].state === 'writable' ? writables.abort(destination, error) : Promise.resolve()));
    }
    if (!preventCancel) {
      actions.push(() => (
        source[kState].state === 'readable' ? readables.readableStreamCancel(source, error) : Promise.resolve()));
    }
    shutDown(() => Promise.all(actions.map((action) => action())), true, error);
  }

  function onSourceErrored(error) {
    if (preventAbort) shutDown(undefined, true, error);
    else shutDown(() => writables.abort(destination, error), true, error);
  }
  function onSourceClosed() {
    if (preventClose) shutDown();
    else shutDown(closeDestination);
  }
  function onDestinationErrored(error) {
    if (preventCancel) shutDown(undefined, true, error);
    else shutDown(() => readables.readableStreamCancel(source, error), true, error);
  }
  async function closeDestination() {
    const { state, storedError } = destination[kState];
    if (writables.closeQueuedOrInFlight(destination) || state === 'closed') return undefined;
    if (state === 'errored') throw storedError;
    return writables.close(destination);
  }

  /** Acts on a side that is over already, or when it will be. */
  function watch(stream, promise, action, over) {
    if (stream[kState].state === over) action(stream[kState].storedError);
    else if (over === 'errored') promise.then(undefined, action);
    else promise.then(action, () => {});
  }

  async function pump() {
    while (!shuttingDown) {
      await writer[kState].ready.promise;
      if (shuttingDown) return;
      const done = await new Promise((resolve, reject) => {
        readables.defaultReaderRead(reader, {
          chunk(chunk) {
            lastWrite = writables.writeChunk(writer, chunk);
            markHandled(lastWrite);
            resolve(false);
          },
          close: () => resolve(true),
          error: reject,
        });
      });
      if (done) return;
    }
  }

  if (signal?.aborted) {
    onAbort();
    return outcome.promise;
  }
  signal?.addEventListener('abort', onAbort);
  watch(source, reader[kState].closed.promise, onSourceErrored, 'errored');
  watch(destination, writer[kState].closed.promise, onDestinationErrored, 'errored');
  watch(source, reader[kState].closed.promise, onSourceClosed, 'closed');
  if (writables.closeQueuedOrInFlight(destination) || destination[kState].state === 'closed') {
    const error = new codes.ERR_INVALID_STATE.TypeError('Destination WritableStream is closed');
    if (preventCancel) shutDown(undefined, true, error);
    else shutDown(() => readables.readableStreamCancel(source, error), true, error);
  }
  markHandled(pump());
  return outcome.promise;
};
