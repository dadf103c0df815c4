'use strict';

// The readers of readable streams.

const { codes } = require('internal/errors');
const {
  deferred, defineState, finishClass, inspectable, isBrand, kState, requireBrand,
} = require('internal/webstreams/shared');
const operations = require('internal/webstreams/readable_operations');

/** A read request that settles a promise with `{value, done}`. */
function promiseRequest() {
  const { promise, resolve, reject } = deferred();
  return {
    promise,
    chunk: (value) => resolve({ value, done: false }),
    close: (value) => resolve({ value, done: true }),
    error: reject,
  };
}

function notAttached() {
  return new codes.ERR_INVALID_STATE.TypeError('The reader is not attached to a stream');
}

/** What both readers can do, checked for `brand`. */
function genericMembers(brand) {
  return {
    get closed() {
      if (!isBrand(this, brand)) return Promise.reject(new codes.ERR_INVALID_THIS(brand));
      return this[kState].closed.promise;
    },
    cancel(reason = undefined) {
      if (!isBrand(this, brand)) return Promise.reject(new codes.ERR_INVALID_THIS(brand));
      if (this[kState].stream === undefined) return Promise.reject(notAttached());
      return operations.readableStreamCancel(this[kState].stream, reason);
    },
    releaseLock() {
      requireBrand(this, brand);
      if (this[kState].stream !== undefined) operations.readerRelease(this);
    },
  };
}

function lockStream(reader, stream) {
  if (!isBrand(stream, 'ReadableStream')) throw new codes.ERR_INVALID_ARG_TYPE('stream', 'ReadableStream', stream);
  if (operations.isReadableStreamLocked(stream)) {
    throw new codes.ERR_INVALID_STATE.TypeError('ReadableStream is locked');
  }
  operations.readerInitialize(reader, stream);
}

class ReadableStreamDefaultReader {
  constructor(stream) {
    defineState(this, 'ReadableStreamDefaultReader', { stream: undefined, closed: undefined, readRequests: [] });
    lockStream(this, stream);
  }

  read() {
    if (!isBrand(this, 'ReadableStreamDefaultReader')) {
      return Promise.reject(new codes.ERR_INVALID_THIS('ReadableStreamDefaultReader'));
    }
    if (this[kState].stream === undefined) return Promise.reject(notAttached());
    const request = promiseRequest();
    operations.defaultReaderRead(this, request);
    return request.promise;
  }
}

class ReadableStreamBYOBReader {
  constructor(stream) {
    defineState(this, 'ReadableStreamBYOBReader', { stream: undefined, closed: undefined, readIntoRequests: [] });
    if (!isBrand(stream, 'ReadableStream')) throw new codes.ERR_INVALID_ARG_TYPE('stream', 'ReadableStream', stream);
    if (!isBrand(stream[kState].controller, 'ReadableByteStreamController')) {
      throw new codes.ERR_INVALID_ARG_VALUE('stream', stream, 'must be a byte stream');
    }
    lockStream(this, stream);
  }

  read(view, options = {}) {
    if (!isBrand(this, 'ReadableStreamBYOBReader')) {
      return Promise.reject(new codes.ERR_INVALID_THIS('ReadableStreamBYOBReader'));
    }
    if (!ArrayBuffer.isView(view)) {
      const expected = ['Buffer', 'TypedArray', 'DataView'];
      return Promise.reject(new codes.ERR_INVALID_ARG_TYPE('view', expected, view));
    }
    if (view.byteLength === 0 || view.buffer.byteLength === 0) {
      return Promise.reject(new codes.ERR_INVALID_STATE.TypeError(
        'View or Viewed ArrayBuffer is zero-length or detached'));
    }
    if (this[kState].stream === undefined) return Promise.reject(notAttached());
    const min = options?.min ?? 1;
    const length = view.length ?? view.byteLength;
    if (!Number.isInteger(min) || min < 1) {
      return Promise.reject(new codes.ERR_INVALID_ARG_VALUE('options.min', min, 'must be greater than 0'));
    }
    if (min > length) {
      return Promise.reject(new codes.ERR_OUT_OF_RANGE('options.min', `<= ${length}`, min));
    }
    const request = promiseRequest();
    const { stream } = this[kState];
    stream[kState].disturbed = true;
    if (stream[kState].state === 'errored') request.error(stream[kState].storedError);
    else require('internal/webstreams/readable_bytes').pullInto(stream[kState].controller, view, min, request);
    return request.promise;
  }
}

for (const Class of [ReadableStreamDefaultReader, ReadableStreamBYOBReader]) {
  Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(genericMembers(Class.name)));
  finishClass(Class, ['closed', 'read', 'cancel', 'releaseLock'], Class.name);
  inspectable(Class, (reader) => ({
    stream: reader[kState].stream,
    readRequests: (reader[kState].readRequests ?? reader[kState].readIntoRequests).length,
    close: reader[kState].closed.promise,
  }));
}

module.exports = { ReadableStreamBYOBReader, ReadableStreamDefaultReader };
