'use strict';

// Node streams as web streams and the other way round.

const { Buffer } = require('buffer');
const { AbortError, codes } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { eos } = require('internal/streams/end_of_stream');
const {
  isDestroyed, isReadable, isReadableStream, isWritable, isWritableEnded, isWritableStream,
} = require('internal/streams/predicates');
const { validateBoolean, validateObject } = require('internal/validators');

/** What a web stream should be told when a Node stream ends with `error`. */
function reasonOf(error) {
  if (error?.code === 'ERR_STREAM_PREMATURE_CLOSE') return new AbortError(undefined, { cause: error });
  return error;
}

function newWritableStreamFromStreamWritable(streamWritable) {
  const { WritableStream } = require('internal/webstreams/writable');
  const { ByteLengthQueuingStrategy, CountQueuingStrategy } = require('internal/webstreams/queuing');
  if (typeof streamWritable?._writableState !== 'object') {
    throw new codes.ERR_INVALID_ARG_TYPE('streamWritable', 'stream.Writable', streamWritable);
  }
  if (isDestroyed(streamWritable) || !isWritable(streamWritable)) {
    const writable = new WritableStream();
    writable.close();
    return writable;
  }
  const objectMode = streamWritable.writableObjectMode;
  const highWaterMark = streamWritable.writableHighWaterMark;
  const strategy = objectMode ?
    new CountQueuingStrategy({ highWaterMark }) : new ByteLengthQueuingStrategy({ highWaterMark });
  let controller;
  let drained;
  let closed;

  const cleanUp = eos(streamWritable, (error) => {
    const reason = reasonOf(error);
    cleanUp();
    streamWritable.on('error', () => {}); // It was reported through the web stream.
    if (reason != null) {
      drained?.reject(reason);
      if (closed !== undefined) {
        closed.reject(reason);
        closed = undefined;
      }
      controller.error(reason);
      controller = undefined;
      return;
    }
    if (closed !== undefined) {
      closed.resolve();
      closed = undefined;
      return;
    }
    controller.error(new AbortError());
    controller = undefined;
  });
  streamWritable.on('drain', () => {
    drained?.resolve();
    drained = undefined;
  });

  return new WritableStream({
    start(given) {
      controller = given;
    },
    write(chunk) {
      if (streamWritable.writableNeedDrain || !streamWritable.write(chunk)) {
        drained = Promise.withResolvers();
        return drained.promise;
      }
      return undefined;
    },
    abort(reason) {
      destroyer(streamWritable, reason);
    },
    close() {
      if (closed === undefined && !isWritableEnded(streamWritable)) {
        closed = Promise.withResolvers();
        streamWritable.end();
        return closed.promise;
      }
      return Promise.resolve();
    },
  }, strategy);
}

/** Rethrows outside of any promise. */
function throwLater(error) {
  process.nextTick(() => { throw error; });
}

/** The parts of a Node stream that write to `writer`. */
function writerParts(writer, stream) {
  let closed = false;
  const parts = {
    /** Writes what was queued. */
    writev(chunks, callback) {
      const done = (error) => {
        try {
          callback(error);
        } catch (failure) {
          throwLater(failure);
        }
      };
      writer.ready.then(
        () => Promise.all(chunks.map(({ chunk }) => writer.write(chunk))).then(() => done(), done),
        done,
      );
    },
    write(chunk, encoding, callback) {
      const { objectMode } = stream()._writableState;
      if (typeof chunk === 'string' && stream()._writableState.decodeStrings && !objectMode) {
        const buffer = Buffer.from(chunk, encoding);
        chunk = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      }
      const done = (error) => {
        try {
          callback(error);
        } catch (failure) {
          stream().destroy(failure);
        }
      };
      writer.ready.then(() => writer.write(chunk).then(() => done(), done), done);
    },
    final(callback) {
      const done = (error) => {
        try {
          callback(error);
        } catch (failure) {
          process.nextTick(() => stream().destroy(failure));
        }
      };
      if (closed) done();
      else writer.close().then(() => done(), done);
    },
    get isClosed() {
      return closed;
    },
  };
  writer.closed.then(() => {
    closed = true;
  }, (error) => {
    closed = true;
    destroyer(stream(), error);
  });
  return parts;
}

function newStreamWritableFromWritableStream(writableStream, options = {}) {
  const Writable = require('internal/streams/writable');
  if (!isWritableStream(writableStream)) {
    throw new codes.ERR_INVALID_ARG_TYPE('writableStream', 'WritableStream', writableStream);
  }
  validateObject(options, 'options');
  const { highWaterMark, decodeStrings = true, objectMode = false, signal } = options;
  validateBoolean(objectMode, 'options.objectMode');
  validateBoolean(decodeStrings, 'options.decodeStrings');
  const writer = writableStream.getWriter();
  const parts = writerParts(writer, () => writable);
  const writable = new Writable({
    highWaterMark,
    objectMode,
    decodeStrings,
    signal,
    writev: parts.writev,
    write: parts.write,
    final: parts.final,
    destroy(error, callback) {
      const done = () => callback(error);
      if (parts.isClosed) done();
      else if (error != null) writer.abort(error).then(done, done);
      else writer.close().then(done, done);
    },
  });
  return writable;
}

function newReadableStreamFromStreamReadable(streamReadable, options = {}) {
  const { ReadableStream } = require('internal/webstreams/readable');
  const { ByteLengthQueuingStrategy, CountQueuingStrategy } = require('internal/webstreams/queuing');
  if (typeof streamReadable?._readableState !== 'object') {
    throw new codes.ERR_INVALID_ARG_TYPE('streamReadable', 'stream.Readable', streamReadable);
  }
  if (isDestroyed(streamReadable) || !isReadable(streamReadable)) {
    const readable = new ReadableStream();
    readable.cancel();
    return readable;
  }
  const objectMode = streamReadable.readableObjectMode;
  const highWaterMark = streamReadable.readableHighWaterMark;
  const strategy = options.strategy ?? (objectMode ?
    new CountQueuingStrategy({ highWaterMark }) : new ByteLengthQueuingStrategy({ highWaterMark }));
  let controller;
  let wasCanceled = false;

  streamReadable.pause();
  const cleanUp = eos(streamReadable, (error) => {
    const reason = reasonOf(error);
    cleanUp();
    streamReadable.on('error', () => {}); // It was reported through the web stream.
    if (reason) {
      controller.error(reason);
    } else if (!wasCanceled) {
      controller.close();
    }
  });
  streamReadable.on('data', (chunk) => {
    if (Buffer.isBuffer(chunk) && !objectMode) chunk = new Uint8Array(chunk);
    controller.enqueue(chunk);
    if (controller.desiredSize <= 0) streamReadable.pause();
  });

  return new ReadableStream({
    start(given) {
      controller = given;
    },
    pull() {
      streamReadable.resume();
    },
    cancel(reason) {
      wasCanceled = true;
      destroyer(streamReadable, reason);
    },
  }, strategy);
}

/** `_read` of a Node stream over `reader`. */
function readFrom(reader, stream) {
  return () => {
    reader.read().then(({ value, done }) => stream().push(done ? null : value), (error) => destroyer(stream(), error));
  };
}

function newStreamReadableFromReadableStream(readableStream, options = {}) {
  const Readable = require('internal/streams/readable');
  if (!isReadableStream(readableStream)) {
    throw new codes.ERR_INVALID_ARG_TYPE('readableStream', 'ReadableStream', readableStream);
  }
  validateObject(options, 'options');
  const { highWaterMark, encoding, objectMode = false, signal } = options;
  if (encoding !== undefined && !Buffer.isEncoding(encoding)) {
    throw new codes.ERR_INVALID_ARG_VALUE(encoding, 'options.encoding');
  }
  validateBoolean(objectMode, 'options.objectMode');
  const reader = readableStream.getReader();
  let closed = false;
  const readable = new Readable({
    objectMode,
    highWaterMark,
    encoding,
    signal,
    read: readFrom(reader, () => readable),
    destroy(error, callback) {
      const done = () => {
        try {
          callback(error);
        } catch (failure) {
          throwLater(failure);
        }
      };
      if (closed) done();
      else reader.cancel(error).then(done, done);
    },
  });
  reader.closed.then(() => {
    closed = true;
  }, (error) => {
    closed = true;
    destroyer(readable, error);
  });
  return readable;
}

function newReadableWritablePairFromDuplex(duplex) {
  const { ReadableStream } = require('internal/webstreams/readable');
  const { WritableStream } = require('internal/webstreams/writable');
  if (typeof duplex?._writableState !== 'object' || typeof duplex?._readableState !== 'object') {
    throw new codes.ERR_INVALID_ARG_TYPE('duplex', 'stream.Duplex', duplex);
  }
  if (isDestroyed(duplex)) {
    const writable = new WritableStream();
    const readable = new ReadableStream();
    writable.close();
    readable.cancel();
    return { readable, writable };
  }
  const writable = isWritable(duplex) ? newWritableStreamFromStreamWritable(duplex) : new WritableStream();
  if (!isWritable(duplex)) writable.close();
  const readable = isReadable(duplex) ? newReadableStreamFromStreamReadable(duplex) : new ReadableStream();
  if (!isReadable(duplex)) readable.cancel();
  return { writable, readable };
}

function newStreamDuplexFromReadableWritablePair(pair = {}, options = {}) {
  const Duplex = require('internal/streams/duplex');
  validateObject(pair, 'pair');
  const { readable: readableStream, writable: writableStream } = pair;
  if (!isReadableStream(readableStream)) {
    throw new codes.ERR_INVALID_ARG_TYPE('pair.readable', 'ReadableStream', readableStream);
  }
  if (!isWritableStream(writableStream)) {
    throw new codes.ERR_INVALID_ARG_TYPE('pair.writable', 'WritableStream', writableStream);
  }
  validateObject(options, 'options');
  const { allowHalfOpen = false, objectMode = false, encoding, decodeStrings = true, highWaterMark, signal } = options;
  validateBoolean(objectMode, 'options.objectMode');
  if (encoding !== undefined && !Buffer.isEncoding(encoding)) {
    throw new codes.ERR_INVALID_ARG_VALUE(encoding, 'options.encoding');
  }
  const writer = writableStream.getWriter();
  const reader = readableStream.getReader();
  let readableClosed = false;
  const parts = writerParts(writer, () => duplex);
  const duplex = new Duplex({
    allowHalfOpen,
    highWaterMark,
    objectMode,
    encoding,
    decodeStrings,
    signal,
    writev: parts.writev,
    write: parts.write,
    final: parts.final,
    read: readFrom(reader, () => duplex),
    destroy(error, callback) {
      const closing = [];
      if (!parts.isClosed) closing.push(error != null ? writer.abort(error) : writer.close());
      if (!readableClosed) closing.push(reader.cancel(error));
      Promise.allSettled(closing).then(() => callback(error));
    },
  });
  reader.closed.then(() => {
    readableClosed = true;
  }, (error) => {
    readableClosed = true;
    destroyer(duplex, error);
  });
  return duplex;
}

module.exports = {
  newReadableStreamFromStreamReadable,
  newReadableWritablePairFromDuplex,
  newStreamDuplexFromReadableWritablePair,
  newStreamReadableFromReadableStream,
  newStreamWritableFromWritableStream,
  newWritableStreamFromStreamWritable,
};
