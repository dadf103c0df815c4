'use strict';

// The values that follow a program through its asynchronous steps: timers, ticks, callbacks of promises and `await`.
//
// A frame is an immutable map from an AsyncLocalStorage to its value; one frame is current. Whatever calls back later
// keeps the frame of the moment it was asked. For timers and ticks the event loop does that, for `then` a wrapper does.
//
// `await` calls nothing that could be wrapped, so its continuation is preceded in the queue of microtasks by one of
// ours that makes the frame current again. When a promise is awaited, the engine reads its `constructor`; that is an
// accessor here, which adds a reaction of its own just before the engine adds the continuation, so that the two run in
// sequence.
// What is not a promise is awaited through a new promise, of which the engine tells when it is made and when it is
// fulfilled. This order of events is QuickJS's; a test holds it.
//
// Nothing of this happens before the first AsyncLocalStorage is made.

const { apply } = Reflect;
const { defineProperty } = Object;

const ROOT = new Map();
let frame = ROOT;
let isEnabled = false;

/** Above zero while the engine reads `constructor` for other reasons than `await`. */
let notAwaiting = 0;
/** The frames in which promises that nobody chained were made. */
const madeIn = new WeakMap();

const { then: originalThen } = Promise.prototype;
const { resolve: originalResolve } = Promise;

/** Calls `callback` with another frame. */
function run(other, callback) {
  const previous = frame;
  frame = other;
  try {
    return callback();
  } finally {
    frame = previous;
  }
}

function wrap(callback, captured) {
  if (typeof callback !== 'function') return callback;
  return (value) => {
    const previous = frame;
    frame = captured;
    try {
      return callback(value);
    } finally {
      frame = previous;
    }
  };
}

/** Makes the current frame current again just before the next reaction to `promise`. */
function precede(promise, captured) {
  const enter = () => { frame = captured; };
  notAwaiting++;
  try {
    apply(originalThen, promise, [enter, enter]);
  } finally {
    notAwaiting--;
  }
}

const replacements = {
  then(onFulfilled, onRejected) {
    const captured = frame;
    notAwaiting++;
    try {
      return apply(originalThen, this, [wrap(onFulfilled, captured), wrap(onRejected, captured)]);
    } finally {
      notAwaiting--;
    }
  },
  resolve(value) {
    notAwaiting++;
    try {
      return apply(originalResolve, this, [value]);
    } finally {
      notAwaiting--;
    }
  },
};

function replacePromise() {
  const { isPromise } = require('internal/util/types');
  defineProperty(Promise.prototype, 'then', { value: replacements.then, writable: true, configurable: true });
  defineProperty(Promise, 'resolve', { value: replacements.resolve, writable: true, configurable: true });
  defineProperty(Promise.prototype, 'constructor', {
    get() {
      if (notAwaiting === 0 && isPromise(this)) precede(this, frame);
      return Promise;
    },
    set(value) {
      defineProperty(this, 'constructor', { value, writable: true, enumerable: true, configurable: true });
    },
    configurable: true,
  });
}

const followers = {
  /** A promise was made, and not by `then`. */
  made(promise) {
    madeIn.set(promise, frame);
  },
  /** The engine is about to call `then` of what the promise was resolved with. */
  adopting(promise) {
    frame = madeIn.get(promise) ?? frame;
  },
  /** A promise was fulfilled; its reactions are not in the queue yet. */
  fulfilled(promise) {
    const captured = madeIn.get(promise);
    if (captured !== undefined) precede(promise, captured);
  },
};

function enable() {
  if (isEnabled) return;
  isEnabled = true;
  replacePromise();
  binding('async_context').follow(followers.made, followers.adopting, followers.fulfilled);
  const context = {
    current: () => frame,
    run,
    /** Between two tasks nobody's frame is current. */
    leave() {
      frame = ROOT;
    },
  };
  require('internal/timers').setAsyncContext(context);
  require('internal/task_queue').setAsyncContext(context);
}

module.exports = {
  current: () => frame,
  enable,
  /** Makes `storage` have `value` from here on. */
  enter(storage, value) {
    frame = new Map(frame).set(storage, value);
  },
  run,
  valueOf: (storage) => frame.get(storage),
  with: (storage, value) => new Map(frame).set(storage, value),
  without(storage) {
    const other = new Map(frame);
    other.delete(storage);
    return other;
  },
};
