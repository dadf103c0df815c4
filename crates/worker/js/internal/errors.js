'use strict';

// Node's coded errors. Each property of `codes` is a constructor made on first use from internal/errors/table; what it
// creates is an instance of the named base (TypeError, RangeError, …) that carries `code`, as in Node.

const classes = Object.create(null);

let inspectFunction;
function inspect(value, options) {
  inspectFunction ??= require('internal/util/inspect').inspect;
  return inspectFunction(value, options);
}

/** The engine's own stack, or a plain `captureStackTrace` one, with `header` as its first line. */
function captureStack(error, header, constructor) {
  Error.captureStackTrace(error, constructor);
  let { stack } = error;
  if (typeof stack !== 'string') return; // A program's own Error.prepareStackTrace decides.
  const frames = stack.startsWith('    at ') ? 0 : stack.indexOf('\n    at ') + 1;
  stack = frames > 0 || stack.startsWith('    at ') ? stack.slice(frames) : '';
  define(error, 'stack', stack === '' ? header : `${header}\n${stack.replace(/\n$/, '')}`);
}

function define(target, key, value) {
  Object.defineProperty(target, key, { value, enumerable: false, writable: true, configurable: true });
}

function codedToString() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

function messageOf(error, message, parameters) {
  return typeof message === 'function' ? message.apply(error, parameters) : message;
}

function makeNodeError(code, Base, message) {
  function NodeError(...parameters) {
    const error = new Base();
    error.code = code;
    define(error, 'message', messageOf(error, message, parameters));
    define(error, 'toString', codedToString);
    captureStack(error, `${error.name} [${code}]: ${error.message}`, NodeError);
    return error;
  }
  return NodeError;
}

/** An error that carries what the operating system said: `info` and accessors for its fields. */
class SystemError extends Error {
  constructor(prefix, context) {
    let message = `${prefix}: ${context.syscall} returned ${context.code} (${context.message})`;
    if (context.path !== undefined) message += ` ${context.path}`;
    if (context.dest !== undefined) message += ` => ${context.dest}`;
    super(message);
    define(this, 'name', 'SystemError');
    this.code = undefined;
    Object.defineProperty(this, 'info', { value: context, enumerable: true, configurable: true, writable: false });
    for (const key of ['errno', 'syscall', 'path', 'dest']) {
      if ((key === 'path' || key === 'dest') && context[key] === undefined) continue;
      Object.defineProperty(this, key, {
        get: () => context[key],
        set: (value) => { context[key] = value; },
        enumerable: true,
        configurable: true,
      });
    }
  }

  toString() {
    return codedToString.call(this);
  }
}

function makeSystemError(code, prefix) {
  return class NodeError extends SystemError {
    constructor(context) {
      super(prefix, context);
      captureStack(this, `SystemError [${code}]: ${this.message}`, NodeError);
      this.code = code;
    }
  };
}

function makeClass(code) {
  const entry = require('internal/errors/table')[code];
  if (entry === undefined) return undefined;
  const [Base, message, ...others] = entry;
  if (Base === 'SystemError') return makeSystemError(code, message);
  const made = makeNodeError(code, Base, message);
  for (const Other of others) made[Other.name] = makeNodeError(code, Other, message);
  return made;
}

const codes = new Proxy(classes, {
  get: (target, code) => (target[code] ??= makeClass(code)),
});

class AbortError extends Error {
  constructor(message = 'The operation was aborted', options = undefined) {
    if (options !== undefined && typeof options !== 'object') {
      throw new codes.ERR_INVALID_ARG_TYPE('options', 'Object', options);
    }
    super(message, options);
    this.code = 'ABORT_ERR';
    this.name = 'AbortError';
  }
}

/** `value` as the "Received …" part of a message names it. */
function determineSpecificType(value) {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') {
    if (value.constructor?.name) return `an instance of ${value.constructor.name}`;
    return inspect(value, { depth: -1 });
  }
  if (typeof value === 'string') {
    const text = value.length > 28 ? `${value.slice(0, 25)}...` : value;
    return `type string (${text.includes("'") ? JSON.stringify(text) : `'${text}'`})`;
  }
  if (typeof value === 'bigint') return `type bigint (${value}n)`;
  if (Object.is(value, -0)) return 'type number (-0)';
  return `type ${typeof value} (${String(value)})`;
}

/** `a`, `a or b`, `a, b, or c`. */
function formatList(list, conjunction = 'and') {
  switch (list.length) {
    case 0: return '';
    case 1: return `${list[0]}`;
    case 2: return `${list[0]} ${conjunction} ${list[1]}`;
    default: return `${list.slice(0, -1).join(', ')}, ${conjunction} ${list[list.length - 1]}`;
  }
}

/** `[name, description]` of the (negative) system error number, or undefined. */
function uvErrmapGet(errno) {
  return require('internal/uv').errorMap.get(errno);
}

/**
 * A failed system call as libuv's callers report it. `context` has `errno` (negative) or `code`, `syscall`, and
 * optionally `message`, `path` and `dest`; further members are copied.
 */
class UVException extends Error {
  constructor(context) {
    const errno = context.errno ?? require('internal/uv').errnoOf(context.code);
    const [code, description] = uvErrmapGet(errno) ?? [context.code ?? 'UNKNOWN', 'unknown error'];
    let message = `${code}: ${context.message || description}, ${context.syscall}`;
    if (context.path !== undefined) message += ` '${context.path}'`;
    if (context.dest !== undefined) message += ` -> '${context.dest}'`;
    super(message);
    this.errno = errno;
    this.code = code;
    for (const key of Object.keys(context)) {
      if (key !== 'errno' && key !== 'code' && key !== 'message' && key !== 'path' && key !== 'dest') {
        this[key] = context[key];
      }
    }
    if (context.path !== undefined) this.path = `${context.path}`;
    if (context.dest !== undefined) this.dest = `${context.dest}`;
    if (new.target === UVException) captureStack(this, `Error: ${message}`, UVException);
  }

  get ['constructor']() {
    return Error;
  }
}

/** `syscall CODE [original]`, with `errno`, `code` and `syscall`. */
class ErrnoException extends Error {
  constructor(errno, syscall, original) {
    const code = uvErrmapGet(errno)?.[0] ?? `Unknown system error ${errno}`;
    super(original ? `${syscall} ${code} ${original}` : `${syscall} ${code}`);
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
  }

  get ['constructor']() {
    return Error;
  }
}

/** An error whose outer cause is `outer` and which was accompanied by `inner`; either may be missing. */
function aggregateTwoErrors(inner, outer) {
  if (!inner || !outer || inner === outer) return inner || outer;
  if (Array.isArray(outer.errors)) {
    outer.errors.push(inner);
    return outer;
  }
  const error = new AggregateError([outer, inner], outer.message);
  error.code = outer.code;
  return error;
}

function genericNodeError(message, properties) {
  return Object.assign(new Error(message), properties);
}

/** Whether `error` is the engine's report of a call stack that grew too deep. */
function isStackOverflowError(error) {
  return error instanceof RangeError && /call stack/i.test(error.message);
}

module.exports = {
  AbortError,
  ErrnoException,
  SystemError,
  UVException,
  aggregateTwoErrors,
  captureStack,
  codes,
  determineSpecificType,
  formatList,
  genericNodeError,
  isStackOverflowError,
  uvErrmapGet,
};
