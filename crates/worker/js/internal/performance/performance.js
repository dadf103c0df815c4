'use strict';

// The object `performance`.

const { codes } = require('internal/errors');
const { PerformanceEntry, PerformanceMark, PerformanceMeasure, FunctionEntry, kInternal } =
  require('internal/performance/entries');
const timeline = require('internal/performance/timeline');
const { finishClass } = require('internal/webstreams/shared');
const { validateFunction, validateNumber, validateObject } = require('internal/validators');

const engine = binding('engine');
const origin = engine.now();
const timeOrigin = Date.now();
const kInspect = Symbol.for('nodejs.util.inspect.custom');

function now() {
  return engine.now() - origin;
}

/** The names of moments in the life of the process that a measure may start or end at. */
const MILESTONES = new Set(['nodeStart', 'v8Start', 'environment', 'loopStart', 'loopExit', 'bootstrapComplete']);

class PerformanceNodeTiming extends PerformanceEntry {
  constructor() {
    super(kInternal, 'node', 'node', 0, 0);
  }

  get duration() {
    return now();
  }

  toJSON() {
    return {
      name: 'node',
      entryType: 'node',
      startTime: 0,
      duration: this.duration,
      nodeStart: 0,
      v8Start: 0,
      bootstrapComplete: 0,
      environment: 0,
      loopStart: 0,
      loopExit: -1,
      idleTime: 0,
    };
  }
}
for (const name of [...MILESTONES, 'idleTime']) {
  Object.defineProperty(PerformanceNodeTiming.prototype, name, {
    get() { return this.toJSON()[name]; }, enumerable: true, configurable: true,
  });
}

const nodeTiming = new PerformanceNodeTiming();

/** The time of a mark, of a milestone, or the number itself. */
function timeOf(mark) {
  if (mark === undefined) return undefined;
  if (typeof mark === 'number') {
    if (mark < 0) throw new codes.ERR_PERFORMANCE_INVALID_TIMESTAMP(mark);
    return mark;
  }
  mark = `${mark}`;
  if (MILESTONES.has(mark)) return nodeTiming[mark];
  const time = timeline.latestMark(mark);
  if (time === undefined) throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError');
  return time;
}

function startOf(startOrOptions) {
  if (typeof startOrOptions !== 'object' || startOrOptions === null) return timeOf(startOrOptions) ?? 0;
  const { start, end, duration } = startOrOptions;
  if (start !== undefined) return timeOf(start);
  if (duration !== undefined && end !== undefined) return timeOf(end) - timeOf(duration);
  return 0;
}

function endOf(startOrOptions, endMark) {
  if (endMark !== undefined) return timeOf(endMark);
  const { start, end, duration } = startOrOptions ?? {};
  if (end !== undefined) return timeOf(end);
  if (start !== undefined && duration !== undefined) return timeOf(start) + timeOf(duration);
  return now();
}

function validateMeasureOptions(options, endMark) {
  const { start, end, duration } = options;
  if (endMark !== undefined) {
    throw new codes.ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS('endMark must not be specified');
  }
  if (start !== undefined && end !== undefined && duration !== undefined) {
    throw new codes.ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS(
      'Must not have options.start, options.end, and options.duration specified');
  }
}

function record(entry) {
  timeline.add(entry);
  require('internal/performance/observer').notify(entry);
  return entry;
}

class Performance extends EventTarget {
  constructor(key) {
    if (key !== kInternal) throw new codes.ERR_ILLEGAL_CONSTRUCTOR();
    super();
    this.onresourcetimingbufferfull = null;
  }

  clearMarks(name = undefined) {
    timeline.clearMarks(name === undefined ? undefined : `${name}`);
  }

  clearMeasures(name = undefined) {
    timeline.clearMeasures(name === undefined ? undefined : `${name}`);
  }

  clearResourceTimings() {}

  getEntries() {
    return timeline.all();
  }

  getEntriesByName(name, type = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('name');
    const entries = type === undefined ? timeline.all() : timeline.byType(`${type}`);
    return entries.filter((entry) => entry.name === `${name}`);
  }

  getEntriesByType(type) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type');
    return timeline.byType(`${type}`);
  }

  mark(name, options = {}) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('name');
    return record(new PerformanceMark(name, options));
  }

  measure(name, startOrOptions = {}, endMark = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('name');
    const hasOptions = startOrOptions !== null && typeof startOrOptions === 'object';
    if (hasOptions && Object.keys(startOrOptions).length > 0) validateMeasureOptions(startOrOptions, endMark);
    const end = endOf(hasOptions ? startOrOptions : undefined, endMark);
    const start = startOf(hasOptions ? startOrOptions : startOrOptions ?? undefined);
    const detail = hasOptions && startOrOptions.detail != null ? structuredClone(startOrOptions.detail) : null;
    return record(new PerformanceMeasure(kInternal, `${name}`, start, end - start, detail));
  }

  now() {
    return now();
  }

  setResourceTimingBufferSize(size) {
    validateNumber(size, 'maxSize');
  }

  get timeOrigin() {
    return timeOrigin;
  }

  toJSON() {
    return { nodeTiming, timeOrigin, eventLoopUtilization: this.eventLoopUtilization() };
  }

  [kInspect](depth, options, inspect) {
    if (depth < 0) return this;
    const inner = { ...options, depth: options.depth == null ? null : options.depth - 1 };
    return `${this.constructor.name} ${inspect({ nodeTiming, timeOrigin }, inner)}`;
  }
}
finishClass(Performance, [
  'clearMarks', 'clearMeasures', 'clearResourceTimings', 'getEntries', 'getEntriesByName', 'getEntriesByType', 'mark',
  'measure', 'now', 'setResourceTimingBufferSize', 'timeOrigin', 'toJSON',
], 'Performance');

/** The worker's loop is not measured, so it is never known to be idle. */
function eventLoopUtilization() {
  return { idle: 0, active: 0, utilization: 0 };
}

/** A function that leaves an entry for each of its calls while somebody observes. */
function timerify(fn, options = {}) {
  validateFunction(fn, 'fn');
  validateObject(options, 'options');
  function timerified(...args) {
    const isConstruction = new.target !== undefined;
    const start = now();
    const result = isConstruction ? Reflect.construct(fn, args, fn) : Reflect.apply(fn, this, args);
    const finish = () => {
      require('internal/performance/observer').notify(new FunctionEntry(fn.name, start, now() - start, args));
    };
    if (!isConstruction && typeof result?.finally === 'function') return result.finally(finish);
    finish();
    return result;
  }
  Object.defineProperties(timerified, {
    length: { value: fn.length, configurable: false },
    name: { value: `timerified ${fn.name}`, configurable: false },
  });
  return timerified;
}

for (const [name, value] of Object.entries({ eventLoopUtilization, nodeTiming, timerify })) {
  Object.defineProperty(Performance.prototype, name, { value, enumerable: false, configurable: true, writable: true });
}

module.exports = { Performance, now, performance: new Performance(kInternal) };
