'use strict';

const timers = require('internal/timers');

module.exports = {
  setTimeout: timers.setTimeout,
  clearTimeout: timers.clearTimeout,
  setImmediate: timers.setImmediate,
  clearImmediate: timers.clearImmediate,
  setInterval: timers.setInterval,
  clearInterval: timers.clearInterval,
  // The old interface, under which an object carries its own timer.
  enroll(item, delay) {
    item._idleTimeout = Number(delay);
  },
  unenroll(item) {
    timers.clearTimeout(item._timer);
    item._timer = undefined;
  },
  active(item) {
    if (!(item._idleTimeout >= 0)) return;
    timers.clearTimeout(item._timer);
    item._timer = timers.setTimeout(() => item._onTimeout?.(), item._idleTimeout);
  },
};

Object.defineProperty(module.exports, 'promises', {
  configurable: true,
  enumerable: true,
  get: () => require('timers/promises'),
});
