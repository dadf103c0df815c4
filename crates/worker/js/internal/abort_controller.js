'use strict';

const { codes } = require('internal/errors');
const { validateAbortSignalArray, validateUint32 } = require('internal/validators');
const { EventTarget, clearListeners, createTrustedEvent, defineEventHandler, inspectAs } = require('internal/event_target');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const kCreate = Symbol('create');

function makeException(message, name) {
  const DOMException = require('internal/dom_exception');
  return new DOMException(message, name);
}

let signalAbort;
let renewSignal;

class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  // Signals made by AbortSignal.any: those that follow this one, and those this one follows.
  #dependants = null;
  #sources = null;

  constructor(key) {
    if (key !== kCreate) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
    super();
  }

  get aborted() {
    return this.#aborted;
  }

  get reason() {
    return this.#reason;
  }

  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  [kInspect](depth, options) {
    return inspectAs(this, { aborted: this.#aborted }, depth, options);
  }

  static abort(reason = makeException('This operation was aborted', 'AbortError')) {
    const signal = new AbortSignal(kCreate);
    signal.#aborted = true;
    signal.#reason = reason;
    return signal;
  }

  static timeout(delay) {
    validateUint32(delay, 'delay', false);
    const signal = new AbortSignal(kCreate);
    const timer = require('timers').setTimeout(() => {
      AbortSignal.#signalAbort(signal, makeException('The operation was aborted due to timeout', 'TimeoutError'));
    }, delay);
    timer.unref?.();
    return signal;
  }

  static any(signals) {
    validateAbortSignalArray(signals, 'signals');
    const result = new AbortSignal(kCreate);
    const aborted = signals.find((signal) => signal.aborted);
    if (aborted !== undefined) {
      result.#aborted = true;
      result.#reason = aborted.reason;
      return result;
    }
    result.#sources = new Set();
    for (const signal of signals) {
      // A composite's sources never are composites themselves, so that abort events come in one order.
      for (const source of signal.#sources ?? [signal]) {
        result.#sources.add(source);
        (source.#dependants ??= new Set()).add(result);
      }
    }
    return result;
  }

  static #signalAbort(signal, reason) {
    if (signal.#aborted) return;
    signal.#aborted = true;
    signal.#reason = reason;
    const followers = [];
    for (const dependant of signal.#dependants ?? []) {
      if (dependant.#aborted) continue;
      dependant.#aborted = true;
      dependant.#reason = reason;
      followers.push(dependant);
    }
    signal.#dependants = null;
    signal.dispatchEvent(createTrustedEvent('abort'));
    for (const follower of followers) follower.dispatchEvent(createTrustedEvent('abort'));
  }

  static {
    signalAbort = AbortSignal.#signalAbort;
    renewSignal = (signal) => {
      signal.#aborted = false;
      signal.#reason = undefined;
      signal.#dependants = null;
      clearListeners(signal);
    };
  }
}

Object.defineProperty(AbortSignal.prototype, 'aborted', { enumerable: true });
Object.defineProperty(AbortSignal.prototype, Symbol.toStringTag, { value: 'AbortSignal', configurable: true });
defineEventHandler(AbortSignal.prototype, 'abort');

class AbortController {
  #signal = new AbortSignal(kCreate);

  get signal() {
    return this.#signal;
  }

  abort(reason = makeException('This operation was aborted', 'AbortError')) {
    signalAbort(this.#signal, reason);
  }

  [kInspect](depth, options) {
    return inspectAs(this, { signal: this.#signal }, depth, options);
  }
}

Object.defineProperty(AbortController.prototype, 'signal', { enumerable: true });
Object.defineProperty(AbortController.prototype, 'abort', { enumerable: true });
Object.defineProperty(AbortController.prototype, Symbol.toStringTag, { value: 'AbortController', configurable: true });

module.exports = {
  AbortController,
  AbortSignal,
  abortSignal: (signal, ...reason) => signalAbort(signal, ...reason),
  makeException,
  makeSignal: () => new AbortSignal(kCreate),
  renewSignal: (signal) => renewSignal(signal),
};
