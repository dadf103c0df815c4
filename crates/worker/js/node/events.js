'use strict';

const { codes } = require('internal/errors');
const { validateBoolean, validateFunction, validateNumber } = require('internal/validators');

const kCapture = Symbol('kCapture');
const kShapeMode = Symbol('shapeMode');
const kErrorMonitor = Symbol('events.errorMonitor');
const kRejection = Symbol.for('nodejs.rejection');
const kMaxEventTargetListeners = Symbol('events.maxEventTargetListeners');
const kMaxEventTargetListenersWarned = Symbol('events.maxEventTargetListenersWarned');

let defaultMaxListeners = 10;

function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}
module.exports = EventEmitter;

EventEmitter.init = function(options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null };
    this._eventsCount = 0;
    this[kShapeMode] = false;
  } else {
    this[kShapeMode] = true;
  }
  this._maxListeners = this._maxListeners || undefined;
  if (options?.captureRejections) {
    validateBoolean(options.captureRejections, 'options.captureRejections');
    this[kCapture] = Boolean(options.captureRejections);
  } else {
    this[kCapture] = EventEmitter.prototype[kCapture];
  }
};

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;
Object.defineProperty(EventEmitter.prototype, kCapture, { value: false, writable: true, enumerable: false });

EventEmitter.prototype.setMaxListeners = function setMaxListeners(n) {
  validateNumber(n, 'setMaxListeners', 0);
  this._maxListeners = n;
  return this;
};

function maxListenersOf(emitter) {
  return emitter._maxListeners === undefined ? defaultMaxListeners : emitter._maxListeners;
}

EventEmitter.prototype.getMaxListeners = function getMaxListeners() {
  return maxListenersOf(this);
};

/** What `emit('error', …)` does when nobody listens. */
function throwUnhandled(args) {
  const error = args[0];
  if (error instanceof Error) throw error;
  let description = error;
  try {
    description = require('internal/util/inspect').inspect(error);
  } catch {
    // An object that cannot be inspected is named by its own string form.
  }
  const wrapped = new codes.ERR_UNHANDLED_ERROR(description);
  wrapped.context = error;
  throw wrapped;
}

/** Sends the rejection of a listener's promise to the emitter, when it asked for that. */
function watchRejection(emitter, promise, type, args) {
  if (promise === undefined || promise === null || typeof promise.then !== 'function') return;
  promise.then(undefined, (error) => {
    // Leave the promise's own stack, so that a throwing handler becomes an uncaught exception.
    queueTick(() => {
      if (typeof emitter[kRejection] === 'function') {
        emitter[kRejection](error, type, ...args);
        return;
      }
      const previous = emitter[kCapture];
      try {
        emitter[kCapture] = false; // The 'error' listener's own rejection must not come back here.
        emitter.emit('error', error);
      } finally {
        emitter[kCapture] = previous;
      }
    });
  });
}

function queueTick(callback) {
  require('process').nextTick(callback);
}

EventEmitter.prototype.emit = function emit(type, ...args) {
  const events = this._events;
  if (type === 'error') {
    if (events !== undefined && events[kErrorMonitor] !== undefined) this.emit(kErrorMonitor, ...args);
    if (events === undefined || events.error === undefined) throwUnhandled(args);
  }
  const handler = events === undefined ? undefined : events[type];
  if (handler === undefined) return false;
  if (typeof handler === 'function') {
    const result = handler.apply(this, args);
    if (this[kCapture] && result !== undefined) watchRejection(this, result, type, args);
    return true;
  }
  for (const listener of handler.slice()) {
    const result = listener.apply(this, args);
    if (this[kCapture] && result !== undefined) watchRejection(this, result, type, args);
  }
  return true;
};

function warnAboutLeak(emitter, type, count, limit) {
  const { inspect } = require('internal/util/inspect');
  const warning = new Error(
    `Possible EventEmitter memory leak detected. ${count} ${String(type)} listeners added to ` +
    `${inspect(emitter, { depth: -1 })}. MaxListeners is ${limit}. ` +
    'Use emitter.setMaxListeners() to increase limit');
  warning.name = 'MaxListenersExceededWarning';
  warning.emitter = emitter;
  warning.type = type;
  warning.count = count;
  require('process').emitWarning(warning);
}

function addListenerTo(emitter, type, listener, position) {
  validateFunction(listener, 'listener');
  let events = emitter._events;
  if (events === undefined) {
    events = emitter._events = { __proto__: null };
    emitter._eventsCount = 0;
  } else if (events.newListener !== undefined) {
    emitter.emit('newListener', type, listener.listener ?? listener);
    events = emitter._events; // The 'newListener' listener may have replaced the table.
  }
  let existing = events[type];
  if (existing === undefined) {
    events[type] = listener;
    ++emitter._eventsCount;
    return emitter;
  }
  if (typeof existing === 'function') existing = events[type] = [existing];
  if (position === 'first') existing.unshift(listener);
  else existing.push(listener);
  const limit = maxListenersOf(emitter);
  if (limit > 0 && existing.length > limit && !existing.warned) {
    existing.warned = true;
    warnAboutLeak(emitter, type, existing.length, limit);
  }
  return emitter;
}

EventEmitter.prototype.addListener = function addListener(type, listener) {
  return addListenerTo(this, type, listener, 'last');
};

EventEmitter.prototype.on = EventEmitter.prototype.addListener;

EventEmitter.prototype.prependListener = function prependListener(type, listener) {
  return addListenerTo(this, type, listener, 'first');
};

function wrapOnce(target, type, listener) {
  validateFunction(listener, 'listener');
  let fired = false;
  function onceWrapper(...args) {
    if (fired) return undefined;
    target.removeListener(type, onceWrapper);
    fired = true;
    return listener.apply(target, args);
  }
  onceWrapper.listener = listener;
  return onceWrapper;
}

EventEmitter.prototype.once = function once(type, listener) {
  this.on(type, wrapOnce(this, type, listener));
  return this;
};

EventEmitter.prototype.prependOnceListener = function prependOnceListener(type, listener) {
  this.prependListener(type, wrapOnce(this, type, listener));
  return this;
};

EventEmitter.prototype.removeListener = function removeListener(type, listener) {
  validateFunction(listener, 'listener');
  const events = this._events;
  const list = events?.[type];
  if (list === undefined) return this;
  if (list === listener || list.listener === listener) {
    this._eventsCount -= 1;
    if (this[kShapeMode]) {
      events[type] = undefined;
    } else if (this._eventsCount === 0) {
      this._events = { __proto__: null };
    } else {
      delete events[type];
    }
    if (events.removeListener) this.emit('removeListener', type, list.listener || listener);
    return this;
  }
  if (typeof list === 'function') return this;
  const position = list.findLastIndex((item) => item === listener || item.listener === listener);
  if (position < 0) return this;
  list.splice(position, 1);
  if (list.length === 1) events[type] = list[0];
  if (events.removeListener !== undefined) this.emit('removeListener', type, listener);
  return this;
};

EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

EventEmitter.prototype.removeAllListeners = function removeAllListeners(type) {
  const events = this._events;
  if (events === undefined) return this;
  if (events.removeListener === undefined) {
    if (arguments.length === 0) {
      this._events = { __proto__: null };
      this._eventsCount = 0;
    } else if (events[type] !== undefined) {
      if (--this._eventsCount === 0) this._events = { __proto__: null };
      else delete events[type];
    }
    this[kShapeMode] = false;
    return this;
  }
  if (arguments.length === 0) {
    // 'removeListener' goes last, so that its listeners hear of all others.
    for (const key of Reflect.ownKeys(events)) {
      if (key !== 'removeListener') this.removeAllListeners(key);
    }
    this.removeAllListeners('removeListener');
    this._events = { __proto__: null };
    this._eventsCount = 0;
    this[kShapeMode] = false;
    return this;
  }
  const listeners = events[type];
  if (typeof listeners === 'function') {
    this.removeListener(type, listeners);
  } else if (listeners !== undefined) {
    for (let index = listeners.length - 1; index >= 0; index--) this.removeListener(type, listeners[index]);
  }
  return this;
};

function listenersOf(emitter, type) {
  const list = emitter._events?.[type];
  if (list === undefined) return [];
  return typeof list === 'function' ? [list] : list.slice();
}

EventEmitter.prototype.listeners = function listeners(type) {
  return listenersOf(this, type).map((listener) => listener.listener || listener);
};

EventEmitter.prototype.rawListeners = function rawListeners(type) {
  return listenersOf(this, type);
};

EventEmitter.prototype.listenerCount = function listenerCount(type, listener) {
  const list = this._events?.[type];
  if (list === undefined) return 0;
  if (listener == null) return typeof list === 'function' ? 1 : list.length;
  return listenersOf(this, type).filter((item) => item === listener || item.listener === listener).length;
};

EventEmitter.prototype.eventNames = function eventNames() {
  return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
};

function isEventTarget(value) {
  return require('internal/event_target').isEventTarget(value);
}

EventEmitter.addAbortListener = function addAbortListener(signal, listener) {
  return require('internal/events/async').addAbortListener(signal, listener);
};

EventEmitter.once = function once(emitter, name, options) {
  return require('internal/events/async').once(emitter, name, options);
};

EventEmitter.on = function on(emitter, event, options) {
  return require('internal/events/async').on(emitter, event, options);
};

EventEmitter.getEventListeners = function getEventListeners(emitterOrTarget, type) {
  if (typeof emitterOrTarget.listeners === 'function') return emitterOrTarget.listeners(type);
  if (isEventTarget(emitterOrTarget)) return require('internal/event_target').listenersOf(emitterOrTarget, type);
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], emitterOrTarget);
};

EventEmitter.getMaxListeners = function getMaxListeners(emitterOrTarget) {
  if (typeof emitterOrTarget?.getMaxListeners === 'function') return maxListenersOf(emitterOrTarget);
  if (isEventTarget(emitterOrTarget)) return emitterOrTarget[kMaxEventTargetListeners] ?? defaultMaxListeners;
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], emitterOrTarget);
};

EventEmitter.EventEmitter = EventEmitter;
EventEmitter.usingDomains = false;
EventEmitter.captureRejectionSymbol = kRejection;

Object.defineProperty(EventEmitter, 'captureRejections', {
  get: () => EventEmitter.prototype[kCapture],
  set(value) {
    validateBoolean(value, 'EventEmitter.captureRejections');
    EventEmitter.prototype[kCapture] = value;
  },
  enumerable: true,
  configurable: true,
});

Object.defineProperty(EventEmitter, 'EventEmitterAsyncResource', {
  get: () => require('internal/events/async_resource'),
  enumerable: true,
  configurable: true,
});

EventEmitter.errorMonitor = kErrorMonitor;

Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
  get: () => defaultMaxListeners,
  set(value) {
    validateNumber(value, 'defaultMaxListeners', 0);
    defaultMaxListeners = value;
  },
  enumerable: true,
});

Object.defineProperties(EventEmitter, {
  kMaxEventTargetListeners: { value: kMaxEventTargetListeners },
  kMaxEventTargetListenersWarned: { value: kMaxEventTargetListenersWarned },
});

EventEmitter.setMaxListeners = function setMaxListeners(n = defaultMaxListeners, ...targets) {
  validateNumber(n, 'setMaxListeners', 0);
  if (targets.length === 0) {
    defaultMaxListeners = n;
    return;
  }
  for (const target of targets) {
    if (isEventTarget(target)) {
      target[kMaxEventTargetListeners] = n;
      target[kMaxEventTargetListenersWarned] = false;
    } else if (typeof target.setMaxListeners === 'function') {
      target.setMaxListeners(n);
    } else {
      throw new codes.ERR_INVALID_ARG_TYPE('eventTargets', ['EventEmitter', 'EventTarget'], target);
    }
  }
};

EventEmitter.listenerCount = function listenerCount(emitter, type) {
  if (typeof emitter.listenerCount === 'function') return emitter.listenerCount(type);
  return EventEmitter.prototype.listenerCount.call(emitter, type);
};
