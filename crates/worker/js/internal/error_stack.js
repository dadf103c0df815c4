'use strict';

// Stack traces in V8's format.
//
// The engine keeps the frames of an error as text, without the error's name and message. The first look at `stack`
// makes V8's text of them and keeps it on the error, where V8 has it from the start. (So a message that changes before
// the first look shows in the trace, and in V8 it does not.) Frames name the function but not its receiver.

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;

const rawStack = getOwnPropertyDescriptor(Error.prototype, 'stack').get;
const rawCapture = Error.captureStackTrace;
const setRawPrepare = getOwnPropertyDescriptor(Error, 'prepareStackTrace').set;

/** Errors whose stack a program's own `Error.prepareStackTrace` made. */
const prepared = new WeakSet();
let prepare;

function define(target, value) {
  defineProperty(target, 'stack', { value, writable: true, enumerable: false, configurable: true });
}

function read(target, key, missing) {
  const value = target[key];
  return value === undefined ? missing : `${value}`;
}

/** What V8 puts before the frames: the error as text. */
function header(error) {
  try {
    const name = read(error, 'name', 'Error');
    const message = read(error, 'message', '');
    if (name === '') return message;
    return message === '' ? name : `${name}: ${message}`;
  } catch {
    return '<error>';
  }
}

/** One of the engine's lines, `    at name (place)`, as V8 writes it. */
function frame(line) {
  // The mark of a module that had to be loaded again.
  const mark = line.indexOf('\u0001');
  if (mark >= 0) line = line.replace(/\u0001\d+/, '');
  if (line.startsWith('    at <input>:')) return '    at JSON.parse (<anonymous>)';
  if (line.endsWith(' (native)')) return `${line.slice(0, -9)} (<anonymous>)`;
  if (line.startsWith('    at <anonymous> (') || line.startsWith('    at <eval> (')) {
    return `    at ${line.slice(line.indexOf('(') + 1, -1)}`;
  }
  return line;
}

function format(error, text) {
  let stack = header(error);
  if (text === '') return stack;
  for (const line of text.split('\n')) {
    // The frames of this file are those of `captureStackTrace`.
    if (line !== '' && !line.includes('(node:internal/error_stack:')) stack += `\n${frame(line)}`;
  }
  return stack;
}

defineProperty(Error.prototype, 'stack', {
  configurable: true,
  enumerable: false,
  get() {
    const raw = apply(rawStack, this, []);
    if (raw === undefined || prepared.has(this)) return raw;
    // No room was left to make a trace, for instance because the call stack was full.
    const stack = format(this, typeof raw === 'string' ? raw : '');
    try {
      define(this, stack);
    } catch {
      // A frozen error stays as it is.
    }
    return stack;
  },
  set(value) {
    define(this, value);
  },
});

Error.captureStackTrace = function captureStackTrace(target, constructor) {
  apply(rawCapture, Error, [target, typeof constructor === 'function' ? constructor : captureStackTrace]);
  if (prepare !== undefined) return;
  const raw = getOwnPropertyDescriptor(target, 'stack')?.value;
  define(target, format(target, typeof raw === 'string' ? raw : ''));
};
defineProperty(Error, 'captureStackTrace', { enumerable: false });

/** What V8's call sites have and the engine's do not. */
function completeCallSites(site) {
  const prototype = getPrototypeOf(site);
  if ('getThis' in prototype) return;
  const methods = {
    getThis() {},
    // As for V8's strict functions: a program does not get hold of the builtins' own.
    getFunction() {},
    getTypeName() {
      return this.isNative() ? null : 'Object';
    },
    getMethodName() {
      return null;
    },
    getEvalOrigin() {},
    getScriptNameOrSourceURL() {
      return this.getFileName();
    },
    getScriptHash() {
      return '';
    },
    getEnclosingLineNumber() {
      return this.getLineNumber();
    },
    getEnclosingColumnNumber() {
      return this.getColumnNumber();
    },
    getPosition() {
      return 0;
    },
    getPromiseIndex() {
      return null;
    },
    isToplevel() {
      return this.getFunctionName() === null;
    },
    isEval() {
      return false;
    },
    isAsync() {
      return false;
    },
    isPromiseAll() {
      return false;
    },
    toString() {
      const place = this.isNative()
        ? '<anonymous>'
        : `${this.getFileName()}:${this.getLineNumber()}:${this.getColumnNumber()}`;
      const name = this.getFunctionName();
      if (name === null) return place;
      return `${this.isConstructor() ? 'new ' : ''}${name} (${place})`;
    },
  };
  for (const name of Object.keys(methods)) {
    defineProperty(prototype, name, { value: methods[name], writable: true, enumerable: false, configurable: true });
  }
}

defineProperty(Error, 'prepareStackTrace', {
  configurable: true,
  enumerable: true,
  get: () => prepare,
  set(value) {
    prepare = value;
    if (typeof value !== 'function') {
      prepare = undefined;
      apply(setRawPrepare, Error, [undefined]);
      return;
    }
    apply(setRawPrepare, Error, [(error, sites) => {
      if (typeof error === 'object' && error !== null) prepared.add(error);
      if (sites.length > 0) completeCallSites(sites[0]);
      return apply(value, Error, [error, sites]);
    }]);
  },
});
