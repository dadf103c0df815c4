'use strict';

// Globals of the platform that are made when they are first used: `{name: () => value}`.

const webStream = (name) => () => require('stream/web')[name];
const performanceClass = (name) => () => require('perf_hooks')[name];
const cryptoMember = (name) => () => require('internal/crypto/webcrypto')[name];

exports.Blob = () => require('internal/blob').Blob;
exports.File = () => require('internal/blob').File;

for (const name of [
  'ByteLengthQueuingStrategy', 'CompressionStream', 'CountQueuingStrategy', 'DecompressionStream',
  'ReadableByteStreamController', 'ReadableStream', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest',
  'ReadableStreamDefaultController', 'ReadableStreamDefaultReader', 'TextDecoderStream', 'TextEncoderStream',
  'TransformStream', 'TransformStreamDefaultController', 'WritableStream', 'WritableStreamDefaultController',
  'WritableStreamDefaultWriter',
]) {
  exports[name] = webStream(name);
}

for (const name of [
  'PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure', 'PerformanceObserver', 'PerformanceObserverEntryList',
  'PerformanceResourceTiming', 'performance',
]) {
  exports[name] = performanceClass(name);
}

for (const name of ['Crypto', 'CryptoKey', 'SubtleCrypto', 'crypto']) exports[name] = cryptoMember(name);
