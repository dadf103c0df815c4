'use strict';

// readable.pipe(writable): data until the destination is full, then nothing until it has drained.

const { errorOrDestroy } = require('internal/streams/destroy');
const { prependListener } = require('internal/streams/legacy');

function isStandardOutput(stream) {
  return stream === process.stdout || stream === process.stderr;
}

function pipe(source, destination, options) {
  const state = source._readableState;
  if (state.pipes.length === 1 && !state.multiAwaitDrain) {
    state.multiAwaitDrain = true;
    state.awaitDrainWriters = new Set(state.awaitDrainWriters ? [state.awaitDrainWriters] : []);
  }
  state.pipes.push(destination);

  let drained;
  let cleanedUp = false;

  function onData(chunk) {
    if (destination.write(chunk) === false) awaitDrain();
  }
  function awaitDrain() {
    // After the clean-up nobody would resume the source.
    if (!cleanedUp) {
      if (state.pipes.length === 1 && state.pipes[0] === destination) {
        state.awaitDrainWriters = destination;
        state.multiAwaitDrain = false;
      } else if (state.pipes.length > 1 && state.pipes.includes(destination)) {
        state.awaitDrainWriters.add(destination);
      }
      source.pause();
    }
    if (!drained) {
      drained = () => onDrain(source, destination);
      destination.on('drain', drained);
    }
  }
  function onEnd() {
    destination.end();
  }
  function stop() {
    source.unpipe(destination);
  }
  function onUnpipe(readable, info) {
    if (readable !== source || !info || info.hasUnpiped !== false) return;
    info.hasUnpiped = true;
    cleanUp();
  }
  function onError(error) {
    stop();
    destination.removeListener('error', onError);
    if (destination.listenerCount('error') > 0) return;
    const destinationState = destination._writableState || destination._readableState;
    if (destinationState && !destinationState.errorEmitted) errorOrDestroy(destination, error);
    else destination.emit('error', error);
  }
  function onClose() {
    destination.removeListener('finish', onFinish);
    stop();
  }
  function onFinish() {
    destination.removeListener('close', onClose);
    stop();
  }
  function cleanUp() {
    destination.removeListener('close', onClose);
    destination.removeListener('finish', onFinish);
    if (drained) destination.removeListener('drain', drained);
    destination.removeListener('error', onError);
    destination.removeListener('unpipe', onUnpipe);
    source.removeListener('end', onEnd);
    source.removeListener('end', stop);
    source.removeListener('data', onData);
    cleanedUp = true;
    // The source may be waiting for this destination; what else it feeds must not starve.
    if (drained && state.awaitDrainWriters &&
        (!destination._writableState || destination._writableState.needDrain)) drained();
  }

  const whenEnded = options?.end !== false && !isStandardOutput(destination) ? onEnd : stop;
  if (state.endEmitted) process.nextTick(whenEnded);
  else source.once('end', whenEnded);
  destination.on('unpipe', onUnpipe);
  source.on('data', onData);
  prependListener(destination, 'error', onError);
  destination.once('close', onClose);
  destination.once('finish', onFinish);

  destination.emit('pipe', source);
  if (destination.writableNeedDrain === true) awaitDrain();
  else if (!state.flowing) source.resume();
  return destination;
}

function onDrain(source, destination) {
  const state = source._readableState;
  if (state.awaitDrainWriters === destination) state.awaitDrainWriters = null;
  else if (state.multiAwaitDrain) state.awaitDrainWriters.delete(destination);
  const allDrained = !state.awaitDrainWriters || state.awaitDrainWriters.size === 0;
  if (allDrained && source.listenerCount('data') > 0) source.resume();
}

function unpipe(source, destination) {
  const state = source._readableState;
  if (state.pipes.length === 0) return source;
  if (!destination) {
    const destinations = state.pipes;
    state.pipes = [];
    source.pause();
    for (const each of destinations) each.emit('unpipe', source, { hasUnpiped: false });
    return source;
  }
  const index = state.pipes.indexOf(destination);
  if (index === -1) return source;
  state.pipes.splice(index, 1);
  if (state.pipes.length === 0) source.pause();
  destination.emit('unpipe', source, { hasUnpiped: false });
  return source;
}

module.exports = { pipe, unpipe };
