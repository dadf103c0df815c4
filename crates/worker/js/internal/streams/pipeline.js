'use strict';

// pipeline(): several streams, iterables and functions as one flow that ends, fails and is cleaned up as a whole.

const { AbortError, aggregateTwoErrors, codes } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const { eos } = require('internal/streams/end_of_stream');
const {
  isIterable, isNodeStream, isReadable, isReadableFinished, isReadableNodeStream, isReadableStream,
  isTransformStream, isWebStream,
} = require('internal/streams/predicates');
const { validateAbortSignal, validateFunction } = require('internal/validators');

function makeAsyncIterable(value) {
  if (isIterable(value)) return value;
  if (isReadableNodeStream(value)) return fromReadable(value);
  throw new codes.ERR_INVALID_ARG_TYPE('val', ['Readable', 'Iterable', 'AsyncIterable'], value);
}

async function* fromReadable(stream) {
  yield* require('internal/streams/readable').prototype[Symbol.asyncIterator].call(stream);
}

/** Writes what `iterable` gives to a Node stream, at the pace the stream takes it. */
async function pumpToNode(iterable, writable, finish, { end }) {
  let error;
  let wake = null;
  const resume = (failure) => {
    if (failure) error = failure;
    const waiting = wake;
    wake = null;
    waiting?.();
  };
  const wait = () => new Promise((resolve, reject) => {
    if (error) {
      reject(error);
    } else {
      wake = () => {
        if (error) reject(error);
        else resolve();
      };
    }
  });
  writable.on('drain', resume);
  const cleanUp = eos(writable, { readable: false }, resume);
  try {
    if (writable.writableNeedDrain) await wait();
    for await (const chunk of iterable) {
      if (!writable.write(chunk)) await wait();
    }
    if (end) {
      writable.end();
      await wait();
    }
    finish();
  } catch (failure) {
    finish(error !== failure ? aggregateTwoErrors(error, failure) : failure);
  } finally {
    cleanUp();
    writable.off('drain', resume);
  }
}

/** The same for a web stream. */
async function pumpToWeb(iterable, target, finish, { end }) {
  const writer = (isTransformStream(target) ? target.writable : target).getWriter();
  try {
    for await (const chunk of iterable) {
      await writer.ready;
      writer.write(chunk).catch(() => {});
    }
    await writer.ready;
    if (end) await writer.close();
    finish();
  } catch (error) {
    try {
      await writer.abort(error);
      finish(error);
    } catch (failure) {
      finish(failure);
    }
  }
}

function pipeStreams(source, destination, finish, { end }) {
  let ended = false;
  destination.on('close', () => {
    if (!ended) finish(new codes.ERR_STREAM_PREMATURE_CLOSE());
  });
  source.pipe(destination, { end: false });
  if (end) {
    const endDestination = () => {
      ended = true;
      destination.end();
    };
    if (isReadableFinished(source)) process.nextTick(endDestination);
    else source.once('end', endDestination);
  } else {
    finish();
  }
  eos(source, { readable: true, writable: false }, (error) => {
    const state = source._readableState;
    if (error?.code === 'ERR_STREAM_PREMATURE_CLOSE' && state?.ended && !state.errored && !state.errorEmitted) {
      // Some streams close before they end. Their data is all there, so the end decides.
      source.once('end', finish).once('error', finish);
    } else {
      finish(error);
    }
  });
  return eos(destination, { readable: false, writable: true }, finish);
}

class Pipeline {
  #callback;
  #destroys = [];
  #lastStreamCleanUp = [];
  #error;
  #value;
  #pending = 0;
  #controller = new AbortController();
  #outerSignal;
  #onOuterAbort = () => this.#settle(new AbortError(undefined, { cause: this.#outerSignal?.reason }), false);

  constructor(callback, options) {
    this.#callback = callback;
    this.#outerSignal = options?.signal;
    validateAbortSignal(this.#outerSignal, 'options.signal');
    this.#outerSignal?.addEventListener('abort', this.#onOuterAbort, { once: true });
  }

  /** One of the awaited parts has ended; the last one ends the pipeline, an error ends it at once. */
  #finish = (error) => {
    this.#settle(error, --this.#pending === 0);
  };

  #settle(error, isLast) {
    if (error && (!this.#error || this.#error.code === 'ERR_STREAM_PREMATURE_CLOSE')) this.#error = error;
    if (!this.#error && !isLast) return;
    while (this.#destroys.length > 0) this.#destroys.shift()(this.#error);
    this.#outerSignal?.removeEventListener('abort', this.#onOuterAbort);
    this.#controller.abort();
    if (!isLast) return;
    if (!this.#error) {
      for (const cleanUp of this.#lastStreamCleanUp) cleanUp();
    }
    process.nextTick(this.#callback, this.#error, this.#value);
  }

  /** Destroys `stream` with the pipeline, unless it has ended well before. */
  #own(stream, { reading, writing }) {
    let isDone = false;
    stream.on('close', () => { isDone = true; });
    const cleanUp = eos(stream, { readable: reading, writable: writing }, (error) => { isDone = !error; });
    this.#destroys.push((error) => {
      if (isDone) return;
      isDone = true;
      destroyer(stream, error || new codes.ERR_STREAM_DESTROYED('pipe'));
    });
    return cleanUp;
  }

  run(streams, end) {
    let current;
    streams.forEach((stream, index) => {
      const stage = {
        index,
        isLast: index === streams.length - 1,
        end: index < streams.length - 1 || end,
      };
      if (stage.end && isNodeStream(stream)) this.#watch(stream, stage);
      current = index === 0 ? this.#start(stream) : this.#connect(current, stream, stage);
    });
    if (this.#outerSignal?.aborted) process.nextTick(this.#onOuterAbort);
    return current;
  }

  #watch(stream, { index, isLast }) {
    this.#own(stream, { reading: !isLast, writing: index > 0 });
    // Errors that come after everything has been passed on.
    const onError = (error) => {
      if (error && error.name !== 'AbortError' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') this.#finish(error);
    };
    stream.on('error', onError);
    if (isLast && isReadable(stream)) this.#lastStreamCleanUp.push(() => stream.removeListener('error', onError));
  }

  #start(source) {
    if (typeof source === 'function') {
      const made = source({ signal: this.#controller.signal });
      if (!isIterable(made)) {
        throw new codes.ERR_INVALID_RETURN_VALUE('Iterable, AsyncIterable or Stream', 'source', made);
      }
      return made;
    }
    if (isIterable(source) || isReadableNodeStream(source) || isTransformStream(source)) return source;
    return require('internal/streams/duplex').from(source);
  }

  #connect(current, stream, stage) {
    if (typeof stream === 'function') return this.#call(current, stream, stage);
    if (isNodeStream(stream)) this.#toNode(current, stream, stage);
    else if (isWebStream(stream)) this.#toWeb(current, stream, stage);
    else return require('internal/streams/duplex').from(stream);
    return stream;
  }

  #call(current, transform, { index, isLast, end }) {
    const input = makeAsyncIterable(isTransformStream(current) ? current.readable : current);
    const made = transform(input, { signal: this.#controller.signal });
    if (!isLast) {
      if (!isIterable(made, true)) {
        throw new codes.ERR_INVALID_RETURN_VALUE('AsyncIterable', `transform[${index - 1}]`, made);
      }
      return made;
    }
    const PassThrough = require('internal/streams/passthrough');
    const output = new PassThrough({ objectMode: true });
    const then = made?.then;
    if (typeof then === 'function') {
      this.#pending++;
      Reflect.apply(then, made, [(value) => {
        this.#value = value;
        if (value != null) output.write(value);
        if (end) output.end();
        process.nextTick(this.#finish);
      }, (error) => {
        output.destroy(error);
        process.nextTick(this.#finish, error);
      }]);
    } else if (isIterable(made, true)) {
      this.#pending++;
      pumpToNode(made, output, this.#finish, { end });
    } else if (isReadableStream(made) || isTransformStream(made)) {
      this.#pending++;
      pumpToNode(made.readable || made, output, this.#finish, { end });
    } else {
      throw new codes.ERR_INVALID_RETURN_VALUE('AsyncIterable or Promise', 'destination', made);
    }
    this.#lastStreamCleanUp.push(this.#own(output, { reading: false, writing: true }));
    return output;
  }

  #toNode(current, stream, { isLast, end }) {
    if (isReadableNodeStream(current)) {
      this.#pending += 2;
      const cleanUp = pipeStreams(current, stream, this.#finish, { end });
      if (isLast && isReadable(stream)) this.#lastStreamCleanUp.push(cleanUp);
    } else if (isTransformStream(current) || isReadableStream(current)) {
      this.#pending++;
      pumpToNode(current.readable || current, stream, this.#finish, { end });
    } else if (isIterable(current)) {
      this.#pending++;
      pumpToNode(current, stream, this.#finish, { end });
    } else {
      const expected = ['Readable', 'Iterable', 'AsyncIterable', 'ReadableStream', 'TransformStream'];
      throw new codes.ERR_INVALID_ARG_TYPE('val', expected, current);
    }
  }

  #toWeb(current, stream, { end }) {
    let source;
    if (isReadableNodeStream(current)) source = makeAsyncIterable(current);
    else if (isReadableStream(current) || isIterable(current)) source = current;
    else if (isTransformStream(current)) source = current.readable;
    else throw new codes.ERR_INVALID_ARG_TYPE('val', ['Readable', 'Iterable', 'AsyncIterable'], current);
    this.#pending++;
    pumpToWeb(source, stream, this.#finish, { end });
  }
}

function onlyOnce(callback) {
  let called = false;
  return (...args) => {
    if (called) return;
    called = true;
    callback(...args);
  };
}

function pipelineOf(streams, callback, options) {
  if (streams.length === 1 && Array.isArray(streams[0])) streams = streams[0];
  if (streams.length < 2) throw new codes.ERR_MISSING_ARGS('streams');
  return new Pipeline(callback, options).run(streams, options?.end !== false);
}

/** pipeline(...streams, callback) */
function pipeline(...streams) {
  const callback = streams.pop();
  validateFunction(callback, 'streams[stream.length - 1]');
  return pipelineOf(streams, onlyOnce(callback));
}

/** The promise form; the last argument may be options: `signal`, and `end` for the destination. */
function pipelinePromise(...streams) {
  return new Promise((resolve, reject) => {
    const last = streams[streams.length - 1];
    const isStage = isNodeStream(last) || isIterable(last) || isWebStream(last);
    const hasOptions = last && typeof last === 'object' && !isStage;
    const options = hasOptions ? streams.pop() : undefined;
    pipelineOf(streams, (error, value) => {
      if (error) reject(error);
      else resolve(value);
    }, options);
  });
}

module.exports = { pipeline, pipelineOf, pipelinePromise };
