'use strict';

// Text to bytes and back, as transform streams.

const { defineState, finishClass, inspectable, kState, requireBrand } = require('internal/webstreams/shared');
const { TransformStream } = require('internal/webstreams/transform');

class TextEncoderStream {
  constructor() {
    const encoder = new TextEncoder();
    let highSurrogate = '';
    defineState(this, 'TextEncoderStream', {
      encoder,
      transform: new TransformStream({
        transform(chunk, controller) {
          // A pair may be cut between two chunks.
          let text = highSurrogate + String(chunk);
          highSurrogate = '';
          const last = text.charCodeAt(text.length - 1);
          if (last >= 0xd800 && last <= 0xdbff) {
            highSurrogate = text[text.length - 1];
            text = text.slice(0, -1);
          }
          const bytes = encoder.encode(text);
          if (bytes.length > 0) controller.enqueue(bytes);
        },
        flush(controller) {
          if (highSurrogate !== '') controller.enqueue(new Uint8Array([0xef, 0xbf, 0xbd]));
        },
      }),
    });
  }

  get encoding() {
    requireBrand(this, 'TextEncoderStream');
    return this[kState].encoder.encoding;
  }

  get readable() {
    requireBrand(this, 'TextEncoderStream');
    return this[kState].transform.readable;
  }

  get writable() {
    requireBrand(this, 'TextEncoderStream');
    return this[kState].transform.writable;
  }
}
finishClass(TextEncoderStream, ['encoding', 'readable', 'writable'], 'TextEncoderStream');
inspectable(TextEncoderStream, ({ encoding, readable, writable }) => ({ encoding, readable, writable }));

class TextDecoderStream {
  constructor(encoding = 'utf-8', options = {}) {
    const decoder = new TextDecoder(encoding, options);
    defineState(this, 'TextDecoderStream', {
      decoder,
      transform: new TransformStream({
        transform(chunk, controller) {
          const text = decoder.decode(chunk, { stream: true });
          if (text !== '') controller.enqueue(text);
        },
        flush(controller) {
          const text = decoder.decode();
          if (text !== '') controller.enqueue(text);
        },
      }),
    });
  }

  get encoding() {
    requireBrand(this, 'TextDecoderStream');
    return this[kState].decoder.encoding;
  }

  get fatal() {
    requireBrand(this, 'TextDecoderStream');
    return this[kState].decoder.fatal;
  }

  get ignoreBOM() {
    requireBrand(this, 'TextDecoderStream');
    return this[kState].decoder.ignoreBOM;
  }

  get readable() {
    requireBrand(this, 'TextDecoderStream');
    return this[kState].transform.readable;
  }

  get writable() {
    requireBrand(this, 'TextDecoderStream');
    return this[kState].transform.writable;
  }
}
finishClass(TextDecoderStream, ['encoding', 'fatal', 'ignoreBOM', 'readable', 'writable'], 'TextDecoderStream');
inspectable(TextDecoderStream, ({ encoding, fatal, ignoreBOM, readable, writable }) => ({
  encoding, fatal, ignoreBOM, readable, writable,
}));

module.exports = { TextDecoderStream, TextEncoderStream };
