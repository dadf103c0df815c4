'use strict';

// The abstract operations on readable streams and their readers, under the standard's names.

const { codes } = require('internal/errors');
const { isBrand, kState, markHandled, deferred, rejectedDeferred, resolvedDeferred } =
  require('internal/webstreams/shared');

function isReadableStreamLocked(stream) {
  return stream[kState].reader !== undefined;
}

function isByob(reader) {
  return isBrand(reader, 'ReadableStreamBYOBReader');
}

function readableStreamClose(stream) {
  const state = stream[kState];
  state.state = 'closed';
  state.isClosed.resolve();
  const { reader } = state;
  if (reader === undefined) return;
  reader[kState].closed.resolve();
  if (!isByob(reader)) {
    for (const request of reader[kState].readRequests.splice(0)) request.close();
  }
}

function readableStreamError(stream, error) {
  const state = stream[kState];
  state.state = 'errored';
  state.storedError = error;
  state.isClosed.reject(error);
  markHandled(state.isClosed.promise);
  const { reader } = state;
  if (reader === undefined) return;
  reader[kState].closed.reject(error);
  markHandled(reader[kState].closed.promise);
  failRequests(reader, error);
}

function failRequests(reader, error) {
  const requests = isByob(reader) ? reader[kState].readIntoRequests : reader[kState].readRequests;
  for (const request of requests.splice(0)) request.error(error);
}

async function readableStreamCancel(stream, reason) {
  const state = stream[kState];
  state.disturbed = true;
  if (state.state === 'closed') return undefined;
  if (state.state === 'errored') throw state.storedError;
  readableStreamClose(stream);
  const { reader } = state;
  if (reader !== undefined && isByob(reader)) {
    for (const request of reader[kState].readIntoRequests.splice(0)) request.close(undefined);
  }
  await state.controller[kState].cancelSteps(reason);
  return undefined;
}

function getNumReadRequests(stream) {
  return stream[kState].reader[kState].readRequests.length;
}

function getNumReadIntoRequests(stream) {
  return stream[kState].reader[kState].readIntoRequests.length;
}

function hasDefaultReader(stream) {
  return isBrand(stream[kState].reader, 'ReadableStreamDefaultReader');
}

function hasByobReader(stream) {
  return isByob(stream[kState].reader);
}

function fulfillReadRequest(stream, chunk, done) {
  const request = stream[kState].reader[kState].readRequests.shift();
  if (done) request.close();
  else request.chunk(chunk);
}

function fulfillReadIntoRequest(stream, chunk, done) {
  const request = stream[kState].reader[kState].readIntoRequests.shift();
  if (done) request.close(chunk);
  else request.chunk(chunk);
}

function readerInitialize(reader, stream) {
  const state = stream[kState];
  reader[kState].stream = stream;
  state.reader = reader;
  if (state.state === 'readable') reader[kState].closed = deferred();
  else if (state.state === 'closed') reader[kState].closed = resolvedDeferred();
  else reader[kState].closed = rejectedDeferred(state.storedError);
}

function readerRelease(reader) {
  const { stream } = reader[kState];
  const released = new codes.ERR_INVALID_STATE.TypeError('Reader released');
  const { closed } = reader[kState];
  if (stream[kState].state === 'readable' && closed.isPending) closed.reject(released);
  else reader[kState].closed = rejectedDeferred(released);
  markHandled(reader[kState].closed.promise);
  stream[kState].controller[kState].releaseSteps();
  stream[kState].reader = undefined;
  reader[kState].stream = undefined;
  failRequests(reader, new codes.ERR_INVALID_STATE.TypeError('Releasing reader'));
}

function defaultReaderRead(reader, request) {
  const { stream } = reader[kState];
  const state = stream[kState];
  state.disturbed = true;
  if (state.state === 'closed') request.close();
  else if (state.state === 'errored') request.error(state.storedError);
  else state.controller[kState].pullSteps(request);
}

module.exports = {
  defaultReaderRead,
  fulfillReadIntoRequest,
  fulfillReadRequest,
  getNumReadIntoRequests,
  getNumReadRequests,
  hasByobReader,
  hasDefaultReader,
  isReadableStreamLocked,
  readableStreamCancel,
  readableStreamClose,
  readableStreamError,
  readerInitialize,
  readerRelease,
};
