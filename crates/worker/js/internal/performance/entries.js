'use strict';

// What the performance timeline is made of.

const { codes } = require('internal/errors');
const { finishClass } = require('internal/webstreams/shared');
const { validateNumber, validateObject } = require('internal/validators');

const kInternal = Symbol('kInternal');
const kInspect = Symbol.for('nodejs.util.inspect.custom');

class PerformanceEntry {
  #name;
  #entryType;
  #startTime;
  #duration;

  constructor(key, name, entryType, startTime, duration) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
    this.#name = name;
    this.#entryType = entryType;
    this.#startTime = startTime;
    this.#duration = duration;
  }

  get name() {
    return this.#name;
  }

  get entryType() {
    return this.#entryType;
  }

  get startTime() {
    return this.#startTime;
  }

  get duration() {
    return this.#duration;
  }

  toJSON() {
    const { name, entryType, startTime, duration } = this;
    return { name, entryType, startTime, duration };
  }

  [kInspect](depth, options, inspect) {
    if (depth < 0) return this;
    const inner = { ...options, depth: options.depth == null ? null : options.depth - 1 };
    return `${this.constructor.name} ${inspect(this.toJSON(), inner)}`;
  }
}
finishClass(PerformanceEntry, ['name', 'entryType', 'startTime', 'duration', 'toJSON'], 'PerformanceEntry');

class PerformanceMark extends PerformanceEntry {
  #detail;

  constructor(name, options = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('name');
    name = `${name}`;
    if (options != null) validateObject(options, 'options');
    const startTime = options?.startTime ?? require('internal/performance/performance').now();
    validateNumber(startTime, 'startTime');
    if (startTime < 0) throw new codes.ERR_PERFORMANCE_INVALID_TIMESTAMP(startTime);
    super(kInternal, name, 'mark', startTime, 0);
    this.#detail = options?.detail != null ? structuredClone(options.detail) : null;
  }

  get detail() {
    return this.#detail;
  }

  toJSON() {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
finishClass(PerformanceMark, ['detail'], 'PerformanceMark');

class PerformanceMeasure extends PerformanceEntry {
  #detail;

  constructor(key, name, startTime, duration, detail) {
    super(key, name, 'measure', startTime, duration);
    this.#detail = detail;
  }

  get detail() {
    return this.#detail;
  }

  toJSON() {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
finishClass(PerformanceMeasure, ['detail'], 'PerformanceMeasure');

class PerformanceResourceTiming extends PerformanceEntry {}
finishClass(PerformanceResourceTiming, [], 'PerformanceResourceTiming');

/** An entry about a call of a function that was wrapped by `timerify`. */
class FunctionEntry extends PerformanceEntry {
  constructor(name, startTime, duration, detail) {
    super(kInternal, name, 'function', startTime, duration);
    this.detail = detail;
  }
}
Object.defineProperty(FunctionEntry, 'name', { value: 'PerformanceEntry' });

module.exports = {
  FunctionEntry,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceResourceTiming,
  kInternal,
};
