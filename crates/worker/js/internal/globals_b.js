'use strict';

// Globals of the platform that are made when they are first used: `{name: () => value}`.

const webStream = (name) => () => require('stream/web')[name];
const performanceClass = (name) => () => require('perf_hooks')[name];
const cryptoMember = (name) => () => require('internal/crypto/webcrypto')[name];

/** The machinery of `fetch` is loaded when it is first called. */
function fetch(input, init = undefined) {
  return require('internal/fetch/fetch').fetch(input, init);
}

exports.Blob = () => require('internal/blob').Blob;
exports.File = () => require('internal/blob').File;
exports.FormData = () => require('internal/fetch/form_data').FormData;
exports.Headers = () => require('internal/fetch/headers').Headers;
exports.Request = () => require('internal/fetch/request').Request;
exports.Response = () => require('internal/fetch/response').Response;
exports.fetch = () => fetch;

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
