'use strict';

// Everything that a stream has, in one piece.

const { Buffer } = require('buffer');

async function collect(stream) {
  const parts = [];
  for await (const chunk of stream) {
    if (typeof chunk === 'string') parts.push(Buffer.from(chunk));
    else if (ArrayBuffer.isView(chunk)) parts.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    else parts.push(Buffer.from(chunk));
  }
  return Buffer.concat(parts);
}

async function blob(stream) {
  const { Blob } = require('internal/blob');
  const parts = [];
  for await (const chunk of stream) parts.push(chunk);
  return new Blob(parts);
}

async function arrayBuffer(stream) {
  return (await blob(stream)).arrayBuffer();
}

async function buffer(stream) {
  return collect(stream);
}

async function text(stream) {
  const decoder = new TextDecoder();
  let result = '';
  for await (const chunk of stream) {
    result += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  }
  return result + decoder.decode();
}

async function json(stream) {
  return JSON.parse(await text(stream));
}

module.exports = { arrayBuffer, blob, buffer, text, json };
