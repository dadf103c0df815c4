'use strict';

// Timers and immediates, in Node's order.
//
// Timers due in the same millisecond run in the order of their making. What becomes due while timers run waits for the
// next turn of the loop, so that no timer keeps everything else from running.

const { drain, run } = require('internal/task_queue');
const { validateFunction } = require('internal/validators');

const engine = binding('engine');

const TIMEOUT_MAX = 2 ** 31 - 1;
const kPrimitive = Symbol('primitive');
const kRefed = Symbol('refed');
const kSequence = Symbol('sequence');
const kDue = Symbol('due');
const kIndex = Symbol('index');
const kContext = Symbol('context');

let sequence = 0;
let nextId = 1;
/** Timers that keep the program alive. */
let refed = 0;
/** A binary heap by time due, then by sequence. */
const heap = [];
/** Timers that were asked for a number. */
const known = new Map();

let asyncContext;

function before(a, b) {
  return a[kDue] < b[kDue] || (a[kDue] === b[kDue] && a[kSequence] < b[kSequence]);
}

function place(timer, index) {
  heap[index] = timer;
  timer[kIndex] = index;
}

function up(timer, index) {
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!before(timer, heap[parent])) break;
    place(heap[parent], index);
    index = parent;
  }
  place(timer, index);
}

function down(timer, index) {
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], timer)) break;
    place(heap[child], index);
    index = child;
  }
  place(timer, index);
}

function insert(timer) {
  const now = Math.floor(engine.now());
  timer[kSequence] = sequence++;
  timer[kDue] = now + Math.trunc(timer._idleTimeout);
  timer._idleStart = now;
  heap.push(timer);
  up(timer, heap.length - 1);
  if (timer[kRefed]) refed++;
}

function remove(timer) {
  const index = timer[kIndex];
  if (index < 0) return;
  timer[kIndex] = -1;
  const last = heap.pop();
  if (last !== timer) {
    if (index > 0 && before(last, heap[(index - 1) >> 1])) up(last, index);
    else down(last, index);
  }
  if (timer[kRefed]) refed--;
}

class Timeout {
  constructor(callback, after, args, isRepeat) {
    after *= 1;
    if (!(after >= 1 && after <= TIMEOUT_MAX)) {
      if (after > TIMEOUT_MAX) {
        process.emitWarning(
          `${after} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`,
          'TimeoutOverflowWarning',
        );
      }
      after = 1;
    }
    this._idleTimeout = after;
    this._idleStart = null;
    this._onTimeout = callback;
    this._timerArgs = args;
    this._repeat = isRepeat ? after : null;
    this._destroyed = false;
    hide(this, kRefed, true);
    hide(this, kSequence, 0);
    hide(this, kDue, 0);
    hide(this, kIndex, -1);
    hide(this, kPrimitive, undefined);
    hide(this, kContext, asyncContext?.current());
    insert(this);
  }

  ref() {
    if (!this[kRefed]) {
      this[kRefed] = true;
      if (this[kIndex] >= 0) refed++;
    }
    return this;
  }

  unref() {
    if (this[kRefed]) {
      if (this[kIndex] >= 0) refed--;
      this[kRefed] = false;
    }
    return this;
  }

  hasRef() {
    return this[kRefed];
  }

  refresh() {
    if (this._destroyed) return this;
    remove(this);
    insert(this);
    return this;
  }

  close() {
    clearTimeout(this);
    return this;
  }

  [Symbol.toPrimitive]() {
    if (this[kPrimitive] === undefined) {
      this[kPrimitive] = nextId++;
      known.set(this[kPrimitive], this);
    }
    return this[kPrimitive];
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    clearTimeout(this);
  }
}

function hide(target, key, value) {
  Object.defineProperty(target, key, { value, writable: true, enumerable: false, configurable: true });
}

function destroy(timer) {
  remove(timer);
  timer._destroyed = true;
  timer._onTimeout = null;
  if (timer[kPrimitive] !== undefined) known.delete(timer[kPrimitive]);
}

function setTimeout(callback, after, ...args) {
  validateFunction(callback, 'callback');
  return new Timeout(callback, after, args, false);
}

function setInterval(callback, repeat, ...args) {
  validateFunction(callback, 'callback');
  return new Timeout(callback, repeat, args, true);
}

function clearTimeout(timer) {
  if (typeof timer === 'number' || typeof timer === 'string') timer = known.get(Number(timer));
  if (timer instanceof Timeout && !timer._destroyed) destroy(timer);
}

function clearInterval(timer) {
  clearTimeout(timer);
}

let immediates = [];
let refedImmediates = 0;

class Immediate {
  constructor(callback, args) {
    this._onImmediate = callback;
    this._argv = args;
    hide(this, kRefed, true);
    hide(this, kContext, asyncContext?.current());
    refedImmediates++;
    immediates.push(this);
  }

  ref() {
    if (!this[kRefed] && this._onImmediate !== null) {
      this[kRefed] = true;
      refedImmediates++;
    }
    return this;
  }

  unref() {
    if (this[kRefed]) {
      this[kRefed] = false;
      refedImmediates--;
    }
    return this;
  }

  hasRef() {
    return this[kRefed];
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    clearImmediate(this);
  }
}

function setImmediate(callback, ...args) {
  validateFunction(callback, 'callback');
  return new Immediate(callback, args);
}

function clearImmediate(immediate) {
  if (!(immediate instanceof Immediate) || immediate._onImmediate === null) return;
  immediate.unref();
  immediate._onImmediate = null;
}

function runTimers() {
  const now = Math.floor(engine.now());
  while (heap.length > 0 && heap[0][kDue] <= now) {
    const timer = heap[0];
    remove(timer);
    const callback = timer._onTimeout;
    if (timer._repeat === null) {
      timer._destroyed = true;
      if (timer[kPrimitive] !== undefined) known.delete(timer[kPrimitive]);
    }
    run(callback, timer, timer._timerArgs, timer[kContext]);
    if (timer._repeat !== null && !timer._destroyed && timer[kIndex] < 0) {
      timer._idleTimeout = timer._repeat;
      insert(timer);
    }
    drain();
  }
}

function runImmediates() {
  const due = immediates;
  immediates = [];
  for (const immediate of due) {
    const callback = immediate._onImmediate;
    if (callback === null) continue;
    immediate.unref();
    immediate._onImmediate = null;
    run(callback, immediate, immediate._argv, immediate[kContext]);
    drain();
  }
}

/** One turn of the loop: what is due. */
function turn() {
  drain();
  runTimers();
  if (immediates.length > 0) runImmediates();
}

/** Milliseconds until something is due: 0 for at once, -1 for never. */
function delay() {
  if (immediates.length > 0) return 0;
  if (heap.length === 0) return -1;
  return Math.max(0, heap[0][kDue] - engine.now());
}

/** Whether something is left that keeps a program alive. */
function isAlive() {
  return refed > 0 || refedImmediates > 0;
}

for (const [timer, name] of [[setTimeout, 'setTimeout'], [setImmediate, 'setImmediate']]) {
  Object.defineProperty(timer, Symbol.for('nodejs.util.promisify.custom'), {
    enumerable: true,
    get: () => require('timers/promises')[name],
  });
}

module.exports = {
  Immediate,
  Timeout,
  clearImmediate,
  clearInterval,
  clearTimeout,
  delay,
  isAlive,
  setAsyncContext(value) {
    asyncContext = value;
  },
  setImmediate,
  setInterval,
  setTimeout,
  turn,
};
