'use strict';

// Event, CustomEvent and EventTarget of the DOM standard, as Node implements them (no tree, so no bubbling).

const { codes } = require('internal/errors');
const {
  kValidateObjectAllowObjects, kValidateObjectAllowObjectsAndNull, validateAbortSignal, validateObject,
} = require('internal/validators');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const kIsEventTarget = Symbol.for('nodejs.event_target');

/** Gives the WebIDL members of `Class` their enumerability. */
function enumerable(Class, names) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
}

function tag(Class) {
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
}

/** `ClassName { … }` of `members`, one level below `options`; where that is too deep, `shortened`. */
function inspectAs(value, members, depth, options, shortened = undefined) {
  const { name } = value.constructor;
  if (depth < 0) return shortened ?? options.stylize(`[${name}]`, 'special');
  const { inspect } = require('internal/util/inspect');
  const inner = { ...options, depth: Number.isInteger(options.depth) ? options.depth - 1 : options.depth };
  return `${name} ${inspect(members, inner)}`;
}

// Marks an event as being dispatched to a target, and as no longer so; what dispatch asks of it.
let enter;
let leave;
let isStopped;
let isEvent;

class Event {
  #type;
  #bubbles = false;
  #cancelable = false;
  #composed = false;
  #created = binding('engine').now();
  #timeStamp;
  #defaultPrevented = false;
  #propagationStopped = false;
  #immediateStopped = false;
  #target = null;
  #dispatching = false;

  constructor(type, options = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type');
    if (options != null) validateObject(options, 'options', kValidateObjectAllowObjects);
    this.#bubbles = Boolean(options?.bubbles);
    this.#cancelable = Boolean(options?.cancelable);
    this.#composed = Boolean(options?.composed);
    this.#type = `${type}`;
  }

  initEvent(type, bubbles = false, cancelable = false) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type');
    if (this.#dispatching) return;
    this.#type = `${type}`;
    this.#bubbles = Boolean(bubbles);
    this.#cancelable = Boolean(cancelable);
  }

  stopImmediatePropagation() {
    this.#propagationStopped = true;
    this.#immediateStopped = true;
  }

  preventDefault() {
    this.#defaultPrevented = true;
  }

  get target() {
    return this.#target;
  }

  get currentTarget() {
    return this.#dispatching ? this.#target : null;
  }

  get srcElement() {
    return this.#target;
  }

  get type() {
    return this.#type;
  }

  get cancelable() {
    return this.#cancelable;
  }

  get defaultPrevented() {
    return this.#cancelable && this.#defaultPrevented;
  }

  get timeStamp() {
    // The clock that programs see is loaded only for those that look at it.
    this.#timeStamp ??= Math.max(0, performance.now() - (binding('engine').now() - this.#created));
    return this.#timeStamp;
  }

  composedPath() {
    return this.#dispatching ? [this.#target] : [];
  }

  get returnValue() {
    return !this.#cancelable || !this.#defaultPrevented;
  }

  get bubbles() {
    return this.#bubbles;
  }

  get composed() {
    return this.#composed;
  }

  get eventPhase() {
    return this.#dispatching ? Event.AT_TARGET : Event.NONE;
  }

  get cancelBubble() {
    return this.#propagationStopped;
  }

  set cancelBubble(value) {
    if (value) this.#propagationStopped = true;
  }

  stopPropagation() {
    this.#propagationStopped = true;
  }

  get isTrusted() {
    return trusted.has(this);
  }

  [kInspect](depth, options) {
    return inspectAs(this, {
      type: this.#type,
      defaultPrevented: this.defaultPrevented,
      cancelable: this.#cancelable,
      timeStamp: this.timeStamp,
    }, depth, options, this.constructor.name);
  }

  static {
    enter = (event, target) => {
      if (event.#dispatching) throw new codes.ERR_EVENT_RECURSION(event.#type);
      event.#target = target;
      event.#dispatching = true;
    };
    leave = (event) => {
      event.#dispatching = false;
    };
    isStopped = (event) => event.#immediateStopped;
    isEvent = (value) => typeof value === 'object' && value !== null && #type in value;
  }
}

const trusted = new WeakSet();

enumerable(Event, [
  'initEvent', 'stopImmediatePropagation', 'preventDefault', 'target', 'currentTarget', 'srcElement', 'type',
  'cancelable', 'defaultPrevented', 'timeStamp', 'composedPath', 'returnValue', 'bubbles', 'composed', 'eventPhase',
  'cancelBubble', 'stopPropagation', 'isTrusted',
]);
tag(Event);
['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'].forEach((name, value) => {
  Object.defineProperty(Event, name, { value, enumerable: true });
});

class CustomEvent extends Event {
  #detail;

  constructor(type, options = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type');
    super(type, options);
    this.#detail = options?.detail ?? null;
  }

  get detail() {
    return this.#detail;
  }
}
enumerable(CustomEvent, ['detail']);
tag(CustomEvent);

/** An event that the runtime itself, not a program, dispatches. */
function createTrustedEvent(type) {
  const event = new Event(type);
  trusted.add(event);
  return event;
}

function normalizeOptions(options) {
  if (typeof options === 'boolean') return { capture: options };
  if (options === null || options === undefined) return {};
  validateObject(options, 'options', kValidateObjectAllowObjectsAndNull);
  return options;
}

function isCallable(listener) {
  if (typeof listener === 'function' || (typeof listener === 'object' && listener !== null)) return true;
  if (listener === null || listener === undefined) return false;
  throw new codes.ERR_INVALID_ARG_TYPE('listener', 'EventListener', listener);
}

/** Reports what a listener threw as an uncaught exception, after the dispatch. */
function reportError(error) {
  require('process').nextTick(() => {
    throw error;
  });
}

let isEventTarget;
let listenersOf;
let clearListeners;

class EventTarget {
  #listeners = new Map();
  #warned = false;

  addEventListener(type, listener, options = undefined) {
    requireTarget(this);
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('type', 'listener');
    const { once = false, capture = false, signal } = normalizeOptions(options);
    validateAbortSignal(signal, 'options.signal');
    if (!isCallable(listener)) {
      const warning = new Error(`addEventListener called with ${listener} which has no effect.`);
      warning.name = 'AddEventListenerArgumentTypeWarning';
      warning.target = this;
      warning.type = type;
      require('process').emitWarning(warning);
      return;
    }
    if (signal?.aborted) return;
    type = `${type}`;
    let list = this.#listeners.get(type);
    if (list === undefined) this.#listeners.set(type, list = []);
    if (list.some((entry) => entry.listener === listener && entry.capture === Boolean(capture))) return;
    list.push({ listener, capture: Boolean(capture), once: Boolean(once), removed: false });
    signal?.addEventListener('abort', () => this.removeEventListener(type, listener, options), { once: true });
    this.#warnAboutLeak(type, list.length);
  }

  removeEventListener(type, listener, options = undefined) {
    requireTarget(this);
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('type', 'listener');
    if (!isCallable(listener)) return;
    const capture = Boolean(typeof options === 'object' ? options?.capture : options);
    const list = this.#listeners.get(`${type}`) ?? [];
    const position = list.findIndex((entry) => entry.listener === listener && entry.capture === capture);
    if (position >= 0) this.#remove(`${type}`, list, position);
  }

  dispatchEvent(event) {
    requireTarget(this);
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('event');
    if (!isEvent(event)) throw new codes.ERR_INVALID_ARG_TYPE('event', 'Event', event);
    enter(event, this);
    const { type } = event;
    const list = this.#listeners.get(type) ?? [];
    for (const entry of list.slice()) {
      if (entry.removed) continue;
      if (entry.once) this.#remove(type, list, list.indexOf(entry));
      this.#call(entry.listener, event);
      if (isStopped(event)) break;
    }
    leave(event);
    return !event.defaultPrevented;
  }

  #call(listener, event) {
    try {
      const result = typeof listener === 'function' ? listener.call(this, event) : listener.handleEvent(event);
      if (result !== undefined && result !== null) {
        Promise.resolve(result).then(undefined, reportError);
      }
    } catch (error) {
      reportError(error);
    }
  }

  #remove(type, list, position) {
    list[position].removed = true;
    list.splice(position, 1);
    if (list.length === 0) this.#listeners.delete(type);
  }

  #warnAboutLeak(type, count) {
    const { kMaxEventTargetListeners, kMaxEventTargetListenersWarned, defaultMaxListeners } = require('events');
    const limit = this[kMaxEventTargetListeners] ?? (isAbortSignal(this) ? 0 : defaultMaxListeners);
    if (limit <= 0 || count <= limit || (this.#warned && this[kMaxEventTargetListenersWarned] !== false)) return;
    this.#warned = true;
    delete this[kMaxEventTargetListenersWarned];
    const { inspect } = require('internal/util/inspect');
    const warning = new Error(
      `Possible EventTarget memory leak detected. ${count} ${type} listeners added to ` +
      `${inspect(this, { depth: -1 })}. MaxListeners is ${limit}. Use events.setMaxListeners() to increase limit`);
    warning.name = 'MaxListenersExceededWarning';
    warning.target = this;
    warning.type = type;
    warning.count = count;
    require('process').emitWarning(warning);
  }

  [kInspect](depth, options) {
    requireTarget(this);
    return inspectAs(this, {}, depth, options, this.constructor.name);
  }

  static {
    isEventTarget = (value) => typeof value === 'object' && value !== null && #listeners in value;
    clearListeners = (target) => target.#listeners.clear();
    listenersOf = (target, type) => (target.#listeners.get(`${type}`) ?? []).map((entry) => entry.listener);
  }
}

EventTarget[kIsEventTarget] = true;
enumerable(EventTarget, ['addEventListener', 'removeEventListener', 'dispatchEvent']);
tag(EventTarget);

function requireTarget(value) {
  if (!isEventTarget(value)) throw new codes.ERR_INVALID_THIS('EventTarget');
}

function isAbortSignal(target) {
  return target[Symbol.toStringTag] === 'AbortSignal';
}

/** Defines `on<name>` on a class's prototype: an attribute that holds one listener. */
function defineEventHandler(prototype, name) {
  const handlers = new WeakMap();
  Object.defineProperty(prototype, `on${name}`, {
    get() {
      return handlers.get(this)?.handler ?? null;
    },
    set(value) {
      const handler = typeof value === 'function' || (typeof value === 'object' && value !== null) ? value : null;
      const entry = handlers.get(this);
      if (entry !== undefined) {
        entry.handler = handler;
        return;
      }
      if (handler === null) return;
      const created = { handler };
      handlers.set(this, created);
      this.addEventListener(name, (event) => {
        if (typeof created.handler === 'function') Reflect.apply(created.handler, this, [event]);
      });
    },
    configurable: true,
    enumerable: true,
  });
}

module.exports = {
  CustomEvent,
  Event,
  EventTarget,
  createTrustedEvent,
  defineEventHandler,
  inspectAs,
  isEventTarget,
  clearListeners,
  listenersOf,
};
