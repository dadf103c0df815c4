'use strict';

// Streams: data that comes and goes in pieces.

const { addAbortSignal } = require('internal/streams/add_abort_signal');
const { destroyer } = require('internal/streams/destroy');
const Duplex = require('internal/streams/duplex');
const { eos, finished } = require('internal/streams/end_of_stream');
const { getDefaultHighWaterMark, setDefaultHighWaterMark } = require('internal/streams/high_water_mark');
const { Stream } = require('internal/streams/legacy');
const PassThrough = require('internal/streams/passthrough');
const { pipeline, pipelinePromise } = require('internal/streams/pipeline');
const { isDestroyed, isDisturbed, isErrored, isReadable, isWritable } = require('internal/streams/predicates');
const Readable = require('internal/streams/readable');
const Transform = require('internal/streams/transform');
const Writable = require('internal/streams/writable');

/** Defines a method that asks for the operators when it is first called. */
function defineOperator(name, group) {
  const isStream = group === 'streamReturning';
  const operator = {
    [name](...args) {
      const result = require('internal/streams/operators')[group][name].apply(this, args);
      return isStream ? Readable.from(result) : result;
    },
  }[name];
  Object.defineProperty(Readable.prototype, name, {
    value: operator, enumerable: false, configurable: true, writable: true,
  });
}
for (const name of ['asIndexedPairs', 'drop', 'filter', 'flatMap', 'map', 'take']) {
  defineOperator(name, 'streamReturning');
}
for (const name of ['every', 'forEach', 'reduce', 'toArray', 'some', 'find']) defineOperator(name, 'promiseReturning');
Object.defineProperty(Readable.prototype, 'compose', {
  value: function compose(stream, options) {
    return require('internal/streams/operators').streamReturning.compose.call(this, stream, options);
  },
  enumerable: false,
  configurable: true,
  writable: true,
});

/** Two streams, each reading what is written to the other. */
function duplexPair(options) {
  const kOther = Symbol('kOther');
  const kCallback = Symbol('kCallback');
  class DuplexSide extends Duplex {
    constructor() {
      super(options);
      this[kCallback] = null;
      this[kOther] = null;
    }

    _read() {
      const callback = this[kCallback];
      if (callback) {
        this[kCallback] = null;
        callback();
      }
    }

    _write(chunk, encoding, callback) {
      if (chunk.length === 0) {
        process.nextTick(callback);
        return;
      }
      this[kOther].push(chunk);
      this[kOther][kCallback] = callback;
    }

    _final(callback) {
      this[kOther].on('end', callback);
      this[kOther].push(null);
    }
  }
  const pair = [new DuplexSide(), new DuplexSide()];
  pair[0][kOther] = pair[1];
  pair[1][kOther] = pair[0];
  return pair;
}

Object.assign(Stream, {
  isDestroyed,
  isDisturbed,
  isErrored,
  isReadable,
  isWritable,
  Readable,
  Writable,
  Duplex,
  Transform,
  PassThrough,
  duplexPair,
  pipeline,
  addAbortSignal,
  finished: eos,
  destroy: destroyer,
  compose: (...streams) => require('internal/streams/compose')(...streams),
  setDefaultHighWaterMark,
  getDefaultHighWaterMark,
});

Object.defineProperty(Stream, 'promises', {
  configurable: true,
  enumerable: true,
  get: () => require('stream/promises'),
});

const kCustomPromisify = Symbol.for('nodejs.util.promisify.custom');
Object.defineProperty(pipeline, kCustomPromisify, { enumerable: true, get: () => pipelinePromise });
Object.defineProperty(eos, kCustomPromisify, { enumerable: true, get: () => finished });

Stream.Stream = Stream;
Stream._isArrayBufferView = ArrayBuffer.isView;
Stream._isUint8Array = (value) => value instanceof Uint8Array;
Stream._uint8ArrayToBuffer = (chunk) => (
  require('buffer').Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));

module.exports = Stream;
