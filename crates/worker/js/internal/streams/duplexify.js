'use strict';

// Duplex.from(): anything that can be read from, written to or called, as a duplex stream.

const { AbortError, codes } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const Duplex = require('internal/streams/duplex');
const { eos } = require('internal/streams/end_of_stream');
const from = require('internal/streams/from');
const {
  isDuplexNodeStream, isNodeStream, isReadable, isReadableNodeStream, isReadableStream, isWritable,
  isWritableNodeStream, isWritableStream,
} = require('internal/streams/predicates');

function isBlob(value) {
  return typeof value === 'object' && value !== null && value.constructor?.name === 'Blob' &&
    typeof value.arrayBuffer === 'function';
}

/** Calls `fn` with an iterable of what is written to the stream. */
function fromFunction(fn) {
  let next = Promise.withResolvers();
  const controller = new AbortController();
  const { signal } = controller;
  async function* written() {
    for (;;) {
      const { chunk, done, callback } = await next.promise;
      process.nextTick(callback);
      if (done) return;
      if (signal.aborted) throw new AbortError(undefined, { cause: signal.reason });
      next = Promise.withResolvers();
      yield chunk;
    }
  }
  const value = fn(written(), { signal });
  const sides = {
    write(chunk, encoding, callback) {
      next.resolve({ chunk, done: false, callback });
    },
    final(callback) {
      next.resolve({ done: true, callback });
    },
    destroy(error, callback) {
      controller.abort();
      callback(error);
    },
  };
  return { value, sides };
}

function duplexOfFunction(fn) {
  const { value, sides } = fromFunction(fn);
  if (typeof value?.[Symbol.asyncIterator] === 'function' || typeof value?.[Symbol.iterator] === 'function') {
    return from(Duplex, value, { objectMode: true, ...sides });
  }
  const then = value?.then;
  if (typeof then !== 'function') {
    throw new codes.ERR_INVALID_RETURN_VALUE('Iterable, AsyncIterable or AsyncFunction', 'body', value);
  }
  const promise = Reflect.apply(then, value, [
    (result) => {
      if (result != null) throw new codes.ERR_INVALID_RETURN_VALUE('nully', 'body', result);
    },
    (error) => destroyer(made, error),
  ]);
  const made = new Duplex({
    objectMode: true,
    readable: false,
    write: sides.write,
    final(callback) {
      sides.final(async () => {
        try {
          await promise;
          process.nextTick(callback, null);
        } catch (error) {
          process.nextTick(callback, error);
        }
      });
    },
    destroy: sides.destroy,
  });
  return made;
}

function duplexOfPromise(promise) {
  const made = new Duplex({ objectMode: true, writable: false, read() {} });
  Reflect.apply(promise.then, promise, [
    (value) => {
      if (value != null) made.push(value);
      made.push(null);
    },
    (error) => destroyer(made, error),
  ]);
  return made;
}

module.exports = function duplexify(body, name) {
  if (isDuplexNodeStream(body)) return body;
  if (isReadableNodeStream(body)) return duplexOfPair({ readable: body });
  if (isWritableNodeStream(body)) return duplexOfPair({ writable: body });
  if (isNodeStream(body)) return duplexOfPair({ writable: false, readable: false });
  if (isReadableStream(body)) return duplexOfPair({ readable: require('internal/streams/readable').fromWeb(body) });
  if (isWritableStream(body)) return duplexOfPair({ writable: require('internal/streams/writable').fromWeb(body) });
  if (typeof body === 'function') return duplexOfFunction(body);
  if (isBlob(body)) return duplexify(body.arrayBuffer());
  if (typeof body?.[Symbol.asyncIterator] === 'function' || typeof body?.[Symbol.iterator] === 'function') {
    return from(Duplex, body, { objectMode: true, writable: false });
  }
  if (isReadableStream(body?.readable) && isWritableStream(body?.writable)) return Duplex.fromWeb(body);
  if (typeof body?.writable === 'object' || typeof body?.readable === 'object') {
    const side = (value) => {
      if (!value) return undefined;
      return isReadableNodeStream(value) || isWritableNodeStream(value) ? value : duplexify(value);
    };
    return duplexOfPair({ readable: side(body.readable), writable: side(body.writable) });
  }
  if (typeof body?.then === 'function') return duplexOfPromise(body);
  throw new codes.ERR_INVALID_ARG_TYPE(name, [
    'Blob', 'ReadableStream', 'WritableStream', 'Stream', 'Iterable', 'AsyncIterable', 'Function',
    '{ readable, writable } pair', 'Promise',
  ], body);
};

/** One stream over a readable and a writable one. */
function duplexOfPair(pair) {
  const source = pair.readable && typeof pair.readable.read !== 'function' ?
    require('internal/streams/readable').wrap(pair.readable) : pair.readable;
  const target = pair.writable;
  let readable = Boolean(isReadable(source));
  let writable = Boolean(isWritable(target));
  const waiting = { drain: null, finish: null, readable: null, close: null };
  const take = (name) => {
    const callback = waiting[name];
    waiting[name] = null;
    return callback;
  };
  function onFinished(error) {
    const callback = take('close');
    if (callback) callback(error);
    else if (error) joined.destroy(error);
  }
  const joined = new Duplex({
    readableObjectMode: Boolean(source?.readableObjectMode),
    writableObjectMode: Boolean(target?.writableObjectMode),
    readable,
    writable,
  });
  if (writable) {
    eos(target, (error) => {
      writable = false;
      if (error) destroyer(source, error);
      onFinished(error);
    });
    joined._write = (chunk, encoding, callback) => {
      if (target.write(chunk, encoding)) callback();
      else waiting.drain = callback;
    };
    joined._final = (callback) => {
      target.end();
      waiting.finish = callback;
    };
    target.on('drain', () => take('drain')?.());
    target.on('finish', () => take('finish')?.());
  }
  if (readable) {
    eos(source, (error) => {
      readable = false;
      if (error) destroyer(source, error);
      onFinished(error);
    });
    source.on('readable', () => take('readable')?.());
    source.on('end', () => joined.push(null));
    joined._read = () => {
      for (;;) {
        const chunk = source.read();
        if (chunk === null) {
          waiting.readable = joined._read;
          return;
        }
        if (!joined.push(chunk)) return;
      }
    };
  }
  joined._destroy = (error, callback) => {
    if (!error && waiting.close !== null) error = new AbortError();
    waiting.readable = null;
    waiting.drain = null;
    waiting.finish = null;
    if (!readable && !writable) {
      callback(error);
      return;
    }
    waiting.close = callback;
    destroyer(target, error);
    destroyer(source, error);
  };
  return joined;
}
