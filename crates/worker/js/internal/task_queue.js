'use strict';

// What runs between two tasks: `process.nextTick`, then promises, until neither is left; and what becomes of errors
// that nobody catches.

const { FixedQueue } = require('internal/fixed_queue');
const { validateFunction } = require('internal/validators');

const engine = binding('engine');
const { apply } = Reflect;
const enqueue = globalThis.queueMicrotask;

const ticks = new FixedQueue();
/** Rejected promises that nobody handles, with the reason. */
const rejected = new Map();
/** Those that `unhandledRejection` was told of. */
let reported = new WeakSet();

let process;
let asyncContext;

function nextTick(callback, ...args) {
  validateFunction(callback, 'callback');
  if (process?._exiting) return;
  ticks.push({ callback, args, context: asyncContext?.current() });
}

function queueMicrotask(callback) {
  validateFunction(callback, 'callback');
  const context = asyncContext?.current();
  enqueue(() => {
    try {
      if (context === undefined) callback();
      else asyncContext.run(context, callback);
    } catch (error) {
      uncaught(error, 'uncaughtException');
    }
  });
}

/** An error that nobody catches: for the program's handler, else for the runtime. */
function uncaught(error, origin) {
  try {
    if (process?.listenerCount('uncaughtExceptionMonitor') > 0) {
      process.emit('uncaughtExceptionMonitor', error, origin);
    }
    const capture = process?._uncaughtExceptionCapture;
    if (typeof capture === 'function') {
      capture(error);
      return;
    }
    if (process?.listenerCount('uncaughtException') > 0) {
      process.emit('uncaughtException', error, origin);
      return;
    }
  } catch (thrown) {
    error = thrown;
  }
  engine.uncaught(error);
}

/** Runs `callback` as a task of its own. */
function run(callback, receiver, args, context) {
  try {
    if (context !== undefined) asyncContext.run(context, () => apply(callback, receiver, args));
    else apply(callback, receiver, args);
  } catch (error) {
    uncaught(error, 'uncaughtException');
  }
}

/** Runs ticks and promises until neither is left. */
function drain() {
  do {
    for (let tick = ticks.shift(); tick !== null; tick = ticks.shift()) {
      run(tick.callback, undefined, tick.args, tick.context);
    }
    engine.runMicrotasks();
    asyncContext?.leave();
  } while (!ticks.isEmpty() || reportRejections());
}

/** Tells of promises that were rejected and still have no handler; whether that made something to do. */
function reportRejections() {
  if (rejected.size === 0) return false;
  const pending = [...rejected];
  rejected.clear();
  for (const [promise, reason] of pending) {
    reported.add(promise);
    if (process?.listenerCount('unhandledRejection') > 0) {
      run(process.emit, process, ['unhandledRejection', reason, promise]);
    } else {
      uncaught(reason, 'unhandledRejection');
    }
  }
  return true;
}

/** The engine's report of a rejected promise without handler, or of a handler that came late. */
function rejectionChanged(promise, reason, isHandled) {
  if (!isHandled) {
    rejected.set(promise, reason);
  } else if (!rejected.delete(promise) && reported.delete(promise)) {
    if (process?.listenerCount('rejectionHandled') > 0) {
      nextTick(() => process.emit('rejectionHandled', promise));
    }
  }
}

/** The program's asynchronous context, for a task that comes later. */
function currentContext() {
  return asyncContext?.current();
}

module.exports = {
  currentContext,
  drain,
  nextTick,
  queueMicrotask,
  rejectionChanged,
  run,
  setAsyncContext(value) {
    asyncContext = value;
  },
  setProcess(value) {
    process = value;
  },
  uncaught,
};
