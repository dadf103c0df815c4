'use strict';

// Measuring time.

const { defineLazy } = require('internal/lazy');
const { unsupported } = require('internal/unsupported');

const entries = (name) => () => require('internal/performance/entries')[name];
const observer = (name) => () => require('internal/performance/observer')[name];
const performance = (name) => () => require('internal/performance/performance')[name];

defineLazy(exports, {
  Performance: performance('Performance'),
  PerformanceEntry: entries('PerformanceEntry'),
  PerformanceMark: entries('PerformanceMark'),
  PerformanceMeasure: entries('PerformanceMeasure'),
  PerformanceObserver: observer('PerformanceObserver'),
  PerformanceObserverEntryList: observer('PerformanceObserverEntryList'),
  PerformanceResourceTiming: entries('PerformanceResourceTiming'),
});
exports.monitorEventLoopDelay = unsupported('perf_hooks', 'monitorEventLoopDelay');
exports.createHistogram = unsupported('perf_hooks', 'createHistogram');
defineLazy(exports, { performance: performance('performance') });

Object.defineProperty(exports, 'constants', {
  configurable: false,
  enumerable: true,
  value: {
    NODE_PERFORMANCE_GC_MAJOR: 4,
    NODE_PERFORMANCE_GC_MINOR: 1,
    NODE_PERFORMANCE_GC_INCREMENTAL: 8,
    NODE_PERFORMANCE_GC_WEAKCB: 16,
    NODE_PERFORMANCE_GC_FLAGS_NO: 0,
    NODE_PERFORMANCE_GC_FLAGS_CONSTRUCT_RETAINED: 2,
    NODE_PERFORMANCE_GC_FLAGS_FORCED: 4,
    NODE_PERFORMANCE_GC_FLAGS_SYNCHRONOUS_PHANTOM_PROCESSING: 8,
    NODE_PERFORMANCE_GC_FLAGS_ALL_AVAILABLE_GARBAGE: 16,
    NODE_PERFORMANCE_GC_FLAGS_ALL_EXTERNAL_MEMORY: 32,
    NODE_PERFORMANCE_GC_FLAGS_SCHEDULE_IDLE: 64,
  },
});
