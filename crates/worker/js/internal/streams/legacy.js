'use strict';

// The base class of all streams, which pipes the way streams did before they had states.

const EventEmitter = require('events');

function Stream(options) {
  EventEmitter.call(this, options);
}
Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Stream, EventEmitter);

/** Puts `listener` before the others of that event, also on emitters that have no method for it. */
function prependListener(emitter, event, listener) {
  if (typeof emitter.prependListener === 'function') {
    emitter.prependListener(event, listener);
  } else if (!emitter._events?.[event]) {
    emitter.on(event, listener);
  } else if (Array.isArray(emitter._events[event])) {
    emitter._events[event].unshift(listener);
  } else {
    emitter._events[event] = [listener, emitter._events[event]];
  }
}

Stream.prototype.pipe = function(destination, options) {
  const source = this;
  let ended = false;

  function onData(chunk) {
    if (destination.writable && destination.write(chunk) === false && source.pause) source.pause();
  }
  function onDrain() {
    if (source.readable && source.resume) source.resume();
  }
  function onEnd() {
    if (ended) return;
    ended = true;
    destination.end();
  }
  function onClose() {
    if (ended) return;
    ended = true;
    if (typeof destination.destroy === 'function') destination.destroy();
  }
  function onError(error) {
    cleanUp();
    if (EventEmitter.listenerCount(this, 'error') === 0) this.emit('error', error);
  }
  const listeners = [
    [source, 'data', onData],
    [destination, 'drain', onDrain],
    [source, 'end', onEnd],
    [source, 'close', onClose],
    [source, 'error', onError],
    [destination, 'error', onError],
    [source, 'end', cleanUp],
    [source, 'close', cleanUp],
    [destination, 'close', cleanUp],
  ];
  function cleanUp() {
    for (const [emitter, event, listener] of listeners) emitter.removeListener(event, listener);
  }

  const ends = !destination._isStdio && (!options || options.end !== false);
  for (const [emitter, event, listener] of listeners) {
    if (event === 'error') prependListener(emitter, event, listener);
    else if (ends || (listener !== onEnd && listener !== onClose)) emitter.on(event, listener);
  }
  destination.emit('pipe', source);
  return destination;
};

Stream.prototype.eventNames = function eventNames() {
  return EventEmitter.prototype.eventNames.call(this).filter((name) => this.listenerCount(name) > 0);
};

module.exports = { Stream, prependListener };
