'use strict';

// Named channels on which programs tell what they do to whoever wants to know.

const { codes } = require('internal/errors');
const { validateFunction } = require('internal/validators');

function validateName(name) {
  if (typeof name !== 'string' && typeof name !== 'symbol') {
    throw new codes.ERR_INVALID_ARG_TYPE('channel', ['string', 'symbol'], name);
  }
}

/** Calls a subscriber; its mistakes are its own. */
function deliver(subscriber, message, name) {
  try {
    subscriber(message, name);
  } catch (error) {
    process.nextTick(() => { throw error; });
  }
}

function defaultTransform(data) {
  return data;
}

/** `fn` with the stores of a channel entered, one inside the other. */
function wrapStore(store, data, transform, fn) {
  return () => {
    let context;
    try {
      context = transform(data);
    } catch (error) {
      process.nextTick(() => { throw error; });
      return fn();
    }
    return store.run(context, fn);
  };
}

class Channel {
  #subscribers = [];
  #stores = new Map();

  constructor(name) {
    this.name = name;
  }

  static [Symbol.hasInstance](instance) {
    return instance instanceof Object && #subscribers in instance;
  }

  get hasSubscribers() {
    return this.#subscribers.length > 0 || this.#stores.size > 0;
  }

  subscribe(subscription) {
    validateFunction(subscription, 'subscription');
    this.#subscribers = [...this.#subscribers, subscription];
    known.set(this.name, this); // Channels with subscribers are kept.
  }

  unsubscribe(subscription) {
    const index = this.#subscribers.indexOf(subscription);
    if (index === -1) return false;
    this.#subscribers = this.#subscribers.toSpliced(index, 1);
    return true;
  }

  bindStore(store, transform = defaultTransform) {
    this.#stores.set(store, transform);
    known.set(this.name, this);
  }

  unbindStore(store) {
    return this.#stores.delete(store);
  }

  publish(data) {
    for (const subscriber of this.#subscribers) deliver(subscriber, data, this.name);
  }

  runStores(data, fn, thisArg, ...args) {
    let run = () => {
      this.publish(data);
      return Reflect.apply(fn, thisArg, args);
    };
    for (const [store, transform] of this.#stores) run = wrapStore(store, data, transform, run);
    return run();
  }
}

const known = new Map();

function channel(name) {
  const existing = known.get(name);
  if (existing) return existing;
  validateName(name);
  const made = new Channel(name);
  known.set(name, made);
  return made;
}

function subscribe(name, subscription) {
  channel(name).subscribe(subscription);
}

function unsubscribe(name, subscription) {
  return channel(name).unsubscribe(subscription);
}

function hasSubscribers(name) {
  return known.get(name)?.hasSubscribers ?? false;
}

function tracingChannel(nameOrChannels) {
  const { TracingChannel } = require('internal/diagnostics/tracing');
  return new TracingChannel(nameOrChannels, channel);
}

module.exports = { channel, hasSubscribers, subscribe, tracingChannel, unsubscribe, Channel };
