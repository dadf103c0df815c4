'use strict';

// Values and identities that follow a program through its asynchronous steps.

const context = require('internal/async_context');
const { codes } = require('internal/errors');
const { unsupported } = require('internal/unsupported');
const { validateFunction, validateString } = require('internal/validators');

/** The identity of what runs outside of any AsyncResource. */
const OUTSIDE = 1;
let lastId = OUTSIDE;
let executing = { asyncId: OUTSIDE, triggerAsyncId: 0, resource: {} };

class AsyncResource {
  #asyncId;
  #triggerAsyncId;
  #frame;

  constructor(type, options = {}) {
    validateString(type, 'type');
    let triggerAsyncId = options;
    if (typeof options !== 'number') triggerAsyncId = options.triggerAsyncId ?? executing.asyncId;
    if (!Number.isSafeInteger(triggerAsyncId) || triggerAsyncId < -1) {
      throw new codes.ERR_INVALID_ASYNC_ID('triggerAsyncId', triggerAsyncId);
    }
    context.enable();
    this.#asyncId = ++lastId;
    this.#triggerAsyncId = triggerAsyncId;
    this.#frame = context.current();
  }

  runInAsyncScope(fn, thisArg, ...args) {
    const previous = executing;
    executing = { asyncId: this.#asyncId, triggerAsyncId: this.#triggerAsyncId, resource: this };
    try {
      return context.run(this.#frame, () => Reflect.apply(fn, thisArg, args));
    } finally {
      executing = previous;
    }
  }

  emitDestroy() {
    return this;
  }

  asyncId() {
    return this.#asyncId;
  }

  triggerAsyncId() {
    return this.#triggerAsyncId;
  }

  bind(fn, thisArg) {
    validateFunction(fn, 'fn');
    const resource = this;
    const bound = thisArg === undefined ?
      function(...args) { return resource.runInAsyncScope(fn, this, ...args); } :
      (...args) => resource.runInAsyncScope(fn, thisArg, ...args);
    Object.defineProperties(bound, {
      length: { value: fn.length, configurable: true, writable: false, enumerable: false },
      asyncResource: { value: resource, configurable: true, writable: true, enumerable: true },
    });
    return bound;
  }

  static bind(fn, type, thisArg) {
    type = type || fn.name || 'bound-anonymous-fn';
    return new AsyncResource(type).bind(fn, thisArg);
  }
}

class AsyncLocalStorage {
  constructor() {
    context.enable();
  }

  static bind(fn) {
    return AsyncResource.bind(fn);
  }

  static snapshot() {
    context.enable();
    const frame = context.current();
    return function runInSnapshot(fn, ...args) {
      return context.run(frame, () => Reflect.apply(fn, this, args));
    };
  }

  disable() {
    if (context.current().has(this)) context.enter(this, undefined);
  }

  enterWith(store) {
    context.enter(this, store);
  }

  run(store, callback, ...args) {
    if (Object.is(store, this.getStore())) return Reflect.apply(callback, null, args);
    return context.run(context.with(this, store), () => Reflect.apply(callback, null, args));
  }

  exit(callback, ...args) {
    return context.run(context.without(this), () => Reflect.apply(callback, null, args));
  }

  getStore() {
    return context.valueOf(this);
  }
}

module.exports = {
  AsyncLocalStorage,
  createHook: unsupported('async_hooks', 'createHook'),
  executionAsyncId: () => executing.asyncId,
  triggerAsyncId: () => executing.triggerAsyncId,
  executionAsyncResource: () => executing.resource,
  asyncWrapProviders: Object.freeze({ __proto__: null, NONE: 0 }),
  AsyncResource,
};
