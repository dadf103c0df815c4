'use strict';

// Web streams. Each class is made when it is first asked for.

const HOMES = {
  ReadableStream: 'readable',
  ReadableStreamDefaultReader: 'readers',
  ReadableStreamBYOBReader: 'readers',
  ReadableStreamBYOBRequest: 'readable_bytes',
  ReadableByteStreamController: 'readable_bytes',
  ReadableStreamDefaultController: 'readable_default',
  TransformStream: 'transform',
  TransformStreamDefaultController: 'transform',
  WritableStream: 'writable',
  WritableStreamDefaultWriter: 'writable',
  WritableStreamDefaultController: 'writable_operations',
  ByteLengthQueuingStrategy: 'queuing',
  CountQueuingStrategy: 'queuing',
  TextEncoderStream: 'encoding',
  TextDecoderStream: 'encoding',
  CompressionStream: 'compression',
  DecompressionStream: 'compression',
};

for (const [name, home] of Object.entries(HOMES)) {
  Object.defineProperty(exports, name, {
    get() {
      const value = require(`internal/webstreams/${home}`)[name];
      Object.defineProperty(exports, name, { value, enumerable: true, configurable: true, writable: true });
      return value;
    },
    enumerable: true,
    configurable: true,
  });
}
