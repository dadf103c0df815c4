'use strict';

// Observers of the performance timeline.

const { codes } = require('internal/errors');
const { finishClass } = require('internal/webstreams/shared');
const { validateFunction, validateObject } = require('internal/validators');

/** The types that this engine makes. */
const MADE_TYPES = ['function', 'mark', 'measure'];
/** Those that a program may name. */
const KNOWN_TYPES = ['dns', 'function', 'gc', 'http', 'http2', 'mark', 'measure', 'net', 'resource'];

const observers = new Set();
const pending = new Set();
let isScheduled = false;

class PerformanceObserverEntryList {
  #entries;

  constructor(entries) {
    this.#entries = entries.sort((first, second) => first.startTime - second.startTime);
  }

  getEntries() {
    return [...this.#entries];
  }

  getEntriesByType(type) {
    return this.#entries.filter((entry) => entry.entryType === `${type}`);
  }

  getEntriesByName(name, type = undefined) {
    return this.#entries.filter((entry) => (
      entry.name === `${name}` && (type == null || entry.entryType === `${type}`)));
  }
}
finishClass(PerformanceObserverEntryList, ['getEntries', 'getEntriesByType', 'getEntriesByName'],
  'PerformanceObserverEntryList');

class PerformanceObserver {
  #callback;
  #buffer = [];
  #types = new Set();
  #mode;

  constructor(callback) {
    validateFunction(callback, 'callback');
    this.#callback = callback;
  }

  static get supportedEntryTypes() {
    return KNOWN_TYPES;
  }

  observe(options = {}) {
    validateObject(options, 'options');
    const { entryTypes, type, buffered } = { ...options };
    if (entryTypes === undefined && type === undefined) {
      throw new codes.ERR_MISSING_ARGS('options.entryTypes', 'options.type');
    }
    if (entryTypes != null && type != null) {
      throw new codes.ERR_INVALID_ARG_VALUE(
        'options.entryTypes', entryTypes, 'options.entryTypes can not set with options.type together');
    }
    const mode = entryTypes === undefined ? 'single' : 'multiple';
    this.#mode ??= mode;
    if (this.#mode !== mode) {
      throw new codes.ERR_INVALID_ARG_VALUE(
        mode === 'multiple' ? 'options.entryTypes' : 'options.type', entryTypes ?? type,
        `options.${mode === 'multiple' ? 'entryTypes' : 'type'} can not set after the observer was observing ` +
        `${mode === 'multiple' ? 'options.type' : 'options.entryTypes'}`);
    }
    if (mode === 'multiple') {
      if (!Array.isArray(entryTypes)) {
        throw new codes.ERR_INVALID_ARG_TYPE('options.entryTypes', 'string[]', entryTypes);
      }
      this.#types = new Set(entryTypes.filter((each) => KNOWN_TYPES.includes(each)));
    } else if (KNOWN_TYPES.includes(type)) {
      this.#types.add(type);
      if (buffered && MADE_TYPES.includes(type)) {
        this.#buffer.push(...require('internal/performance/timeline').byType(type));
        if (this.#buffer.length > 0) schedule(this);
      }
    }
    if (this.#types.size > 0) observers.add(this);
    else this.disconnect();
  }

  disconnect() {
    observers.delete(this);
    pending.delete(this);
    this.#buffer = [];
    this.#types.clear();
    this.#mode = undefined;
  }

  takeRecords() {
    return this.#buffer.splice(0);
  }

  static _add(observer, entry) {
    if (!observer.#types.has(entry.entryType)) return;
    observer.#buffer.push(entry);
    schedule(observer);
  }

  static _dispatch(observer) {
    const entries = observer.takeRecords();
    if (entries.length === 0) return;
    Reflect.apply(observer.#callback, observer, [new PerformanceObserverEntryList(entries), observer]);
  }
}
const { _add: add, _dispatch: dispatch } = PerformanceObserver;
delete PerformanceObserver._add;
delete PerformanceObserver._dispatch;
finishClass(PerformanceObserver, ['observe', 'disconnect', 'takeRecords'], 'PerformanceObserver');

function schedule(observer) {
  pending.add(observer);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    const due = [...pending];
    pending.clear();
    for (const each of due) dispatch(each);
  });
}

/** Tells the observers of a new entry. */
function notify(entry) {
  for (const observer of observers) add(observer, entry);
}

module.exports = { PerformanceObserver, PerformanceObserverEntryList, notify };
