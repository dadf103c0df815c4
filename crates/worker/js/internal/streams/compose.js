'use strict';

// compose(): several streams as one duplex stream, written to at the first and read from at the last.

const { AbortError, codes } = require('internal/errors');
const { destroyer } = require('internal/streams/destroy');
const Duplex = require('internal/streams/duplex');
const { pipelineOf } = require('internal/streams/pipeline');
const {
  isNodeStream, isReadable, isReadableNodeStream, isReadableStream, isTransformStream, isWebStream, isWritable,
  isWritableNodeStream, isWritableStream,
} = require('internal/streams/predicates');

function isWritableSide(stream) {
  return isWritable(stream) || isWritableStream(stream) || isTransformStream(stream);
}

function isReadableSide(stream) {
  return isReadable(stream) || isReadableStream(stream) || isTransformStream(stream);
}

function validateStages(stages, given) {
  stages.forEach((stage, index) => {
    if (!isNodeStream(stage) && !isWebStream(stage)) return;
    if (index < stages.length - 1 && !isReadableSide(stage)) {
      throw new codes.ERR_INVALID_ARG_VALUE(`streams[${index}]`, given[index], 'must be readable');
    }
    if (index > 0 && !isWritableSide(stage)) {
      throw new codes.ERR_INVALID_ARG_VALUE(`streams[${index}]`, given[index], 'must be writable');
    }
  });
}

/** Lets writes to `composed` go to a Node stream. */
function writeToNode(composed, head, state) {
  composed._write = (chunk, encoding, callback) => {
    if (head.write(chunk, encoding)) callback();
    else state.onDrain = callback;
  };
  composed._final = (callback) => {
    head.end();
    state.onFinish = callback;
  };
  head.on('drain', () => {
    const callback = state.onDrain;
    state.onDrain = null;
    callback?.();
  });
}

/** Lets writes to `composed` go to a web stream. */
function writeToWeb(composed, head, state) {
  const writer = (isTransformStream(head) ? head.writable : head).getWriter();
  composed._write = async (chunk, encoding, callback) => {
    try {
      await writer.ready;
      writer.write(chunk).catch(() => {});
      callback();
    } catch (error) {
      callback(error);
    }
  };
  composed._final = async (callback) => {
    try {
      await writer.ready;
      writer.close().catch(() => {});
      state.onFinish = callback;
    } catch (error) {
      callback(error);
    }
  };
}

function readFromNode(composed, tail, state) {
  tail.on('readable', () => {
    const callback = state.onReadable;
    state.onReadable = null;
    callback?.();
  });
  tail.on('end', () => composed.push(null));
  composed._read = () => {
    for (;;) {
      const chunk = tail.read();
      if (chunk === null) {
        state.onReadable = composed._read;
        return;
      }
      if (!composed.push(chunk)) return;
    }
  };
}

function readFromWeb(composed, tail) {
  const reader = (isTransformStream(tail) ? tail.readable : tail).getReader();
  composed._read = async () => {
    for (;;) {
      try {
        const { value, done } = await reader.read();
        if (!composed.push(done ? null : value) || done) return;
      } catch {
        return; // The pipeline reports it.
      }
    }
  };
}

module.exports = function compose(...given) {
  if (given.length === 0) throw new codes.ERR_MISSING_ARGS('streams');
  if (given.length === 1) return Duplex.from(given[0]);
  const stages = [...given];
  const last = stages.length - 1;
  if (typeof stages[0] === 'function') stages[0] = Duplex.from(stages[0]);
  if (typeof stages[last] === 'function') stages[last] = Duplex.from(stages[last]);
  validateStages(stages, given);

  const state = { onDrain: null, onFinish: null, onReadable: null, onClose: null };
  function onFinished(error) {
    const callback = state.onClose;
    state.onClose = null;
    if (callback) callback(error);
    else if (error) composed.destroy(error);
    else if (!readable && !writable) composed.destroy();
  }
  const head = stages[0];
  const tail = pipelineOf(stages, onFinished);
  const writable = Boolean(isWritableSide(head));
  const readable = Boolean(isReadableSide(tail));
  const composed = new Duplex({
    writableObjectMode: Boolean(head?.writableObjectMode),
    readableObjectMode: Boolean(tail?.readableObjectMode),
    writable,
    readable,
  });

  if (writable) {
    if (isWritableNodeStream(head)) writeToNode(composed, head, state);
    else writeToWeb(composed, head, state);
    const toRead = isTransformStream(tail) ? tail.readable : tail;
    require('internal/streams/end_of_stream').eos(toRead, () => {
      const callback = state.onFinish;
      state.onFinish = null;
      callback?.();
    });
  }
  if (readable) {
    if (isReadableNodeStream(tail)) readFromNode(composed, tail, state);
    else readFromWeb(composed, tail);
  }
  composed._destroy = (error, callback) => {
    if (!error && state.onClose !== null) error = new AbortError();
    state.onReadable = null;
    state.onDrain = null;
    state.onFinish = null;
    if (isNodeStream(tail)) {
      state.onClose = callback;
      destroyer(tail, error);
    } else {
      callback(error);
    }
  };
  return composed;
};
