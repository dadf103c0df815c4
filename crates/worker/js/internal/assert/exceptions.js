'use strict';

// assert.throws, rejects and their opposites: what was thrown against what was expected.

const { codes } = require('internal/errors');
const { validateFunction } = require('internal/validators');
const { inspect } = require('internal/util/inspect');
const { isDeepStrictEqual } = require('internal/util/comparisons');
const { isNativeError, isPromise, isRegExp } = require('internal/util/types');
const AssertionError = require('internal/assert/assertion_error');

const NOTHING = Symbol('no exception');

function isError(value) {
  return isNativeError(value) || value instanceof Error;
}

function fail(options) {
  if (options.message instanceof Error) throw options.message;
  throw new AssertionError(options);
}

function actualOf(callback) {
  validateFunction(callback, 'fn');
  try {
    callback();
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function isPromiseLike(value) {
  return isPromise(value) || (value !== null && typeof value === 'object' && typeof value.then === 'function' &&
    typeof value.catch === 'function');
}

async function rejectionOf(promiseOrFunction) {
  let promise = promiseOrFunction;
  if (typeof promiseOrFunction === 'function') {
    promise = promiseOrFunction();
    if (!isPromiseLike(promise)) throw new codes.ERR_INVALID_RETURN_VALUE('instance of Promise', 'promiseFn', promise);
  } else if (!isPromiseLike(promise)) {
    throw new codes.ERR_INVALID_ARG_TYPE('promiseFn', ['Function', 'Promise'], promise);
  }
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function matchesPattern(text, pattern) {
  return typeof text === 'string' && isRegExp(pattern) && pattern.exec(text) !== null;
}

/** The compared properties of an object, under a name that says what is done. */
class Comparison {
  constructor(object, keys, actual) {
    for (const key of keys) {
      if (!(key in object)) continue;
      this[key] = matchesPattern(actual?.[key], object[key]) ? actual[key] : object[key];
    }
  }
}

function compareProperty(actual, expected, key, { message, keys, check }) {
  if (key in actual && isDeepStrictEqual(actual[key], expected[key])) return;
  if (message) fail({ actual, expected, message, operator: check.name, stackStartFn: check });
  const error = new AssertionError({
    actual: new Comparison(actual, keys),
    expected: new Comparison(expected, keys, actual),
    operator: 'deepStrictEqual',
    stackStartFn: check,
  });
  Object.assign(error, { actual, expected, operator: check.name });
  throw error;
}

/** Why `actual` is not what the object, function or pattern `expected` asks for; undefined if it is. */
function mismatch(actual, expected) {
  if (isRegExp(expected)) {
    const text = String(actual);
    if (expected.exec(text) !== null) return undefined;
    return `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`;
  }
  if (expected.prototype !== undefined && actual instanceof expected) return undefined;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    const received = isError(actual) ?
      `"${actual.name}"\n\nError message:\n\n${actual.message}` : `"${inspect(actual, { depth: -1 })}"`;
    return `The error is expected to be an instance of "${expected.name}". Received ${received}`;
  }
  const result = Reflect.apply(expected, {}, [actual]);
  if (result === true) return undefined;
  const name = expected.name ? `"${expected.name}" ` : '';
  const caught = isError(actual) ? `\n\nCaught error:\n\n${actual}` : '';
  return `The ${name}validation function is expected to return "true". Received ${inspect(result)}${caught}`;
}

function checkProperties(actual, expected, message, check) {
  if (typeof actual !== 'object' || actual === null) {
    const error = new AssertionError({ actual, expected, message, operator: 'deepStrictEqual', stackStartFn: check });
    error.operator = check.name;
    throw error;
  }
  const keys = Object.keys(expected);
  if (expected instanceof Error) keys.push('name', 'message');
  else if (keys.length === 0) throw new codes.ERR_INVALID_ARG_VALUE('error', expected, 'may not be an empty object');
  for (const key of keys) {
    if (matchesPattern(actual[key], expected[key])) continue;
    compareProperty(actual, expected, key, { message, keys, check });
  }
}

function checkExpected(actual, expected, message, check) {
  if (typeof expected !== 'function' && !isRegExp(expected)) {
    checkProperties(actual, expected, message, check);
    return;
  }
  const reason = mismatch(actual, expected);
  if (reason === undefined) return;
  if (message instanceof Error) throw message;
  const error = new AssertionError({
    actual, expected, message: message || reason, operator: check.name, stackStartFn: check,
  });
  error.generatedMessage = !message;
  throw error;
}

/** `details` are the arguments behind the first: `error` and `message`. */
function expectException(check, kind, actual, details) {
  let [error, message] = details;
  if (typeof error === 'string') {
    if (details.length === 2) {
      throw new codes.ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], error);
    }
    if (typeof actual === 'object' && actual !== null) {
      if (actual.message === error) {
        throw new codes.ERR_AMBIGUOUS_ARGUMENT('error/message',
          `The error message "${actual.message}" is identical to the message.`);
      }
    } else if (actual === error) {
      throw new codes.ERR_AMBIGUOUS_ARGUMENT('error/message', `The error "${actual}" is identical to the message.`);
    }
    message = error;
    error = undefined;
  } else if (error != null && typeof error !== 'object' && typeof error !== 'function') {
    throw new codes.ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], error);
  }
  if (actual === NOTHING) {
    const name = error?.name ? ` (${error.name})` : '';
    fail({
      actual: undefined,
      expected: error,
      operator: check.name,
      message: `Missing expected ${kind}${name}${message ? `: ${message}` : '.'}`,
      stackStartFn: check,
    });
  }
  if (error) checkExpected(actual, error, message, check);
}

function matches(actual, expected) {
  if (typeof expected === 'function') {
    if (expected.prototype !== undefined && actual instanceof expected) return true;
    if (Object.prototype.isPrototypeOf.call(Error, expected)) return false;
    return Reflect.apply(expected, {}, [actual]) === true;
  }
  if (isRegExp(expected)) return expected.exec(String(actual)) !== null;
  throw new codes.ERR_INVALID_ARG_TYPE('expected', ['Function', 'RegExp'], expected);
}

function expectNothing(check, kind, actual, [error, message]) {
  if (actual === NOTHING) return;
  if (typeof error === 'string') {
    message = error;
    error = undefined;
  }
  if (error && !matches(actual, error)) throw actual;
  fail({
    actual,
    expected: error,
    operator: check.name,
    message: `Got unwanted ${kind}${message ? `: ${message}` : '.'}\nActual message: "${actual?.message}"`,
    stackStartFn: check,
  });
}

function throws(fn, ...details) {
  expectException(throws, 'exception', actualOf(fn), details);
}

async function rejects(promiseFn, ...details) {
  expectException(rejects, 'rejection', await rejectionOf(promiseFn), details);
}

function doesNotThrow(fn, ...details) {
  expectNothing(doesNotThrow, 'exception', actualOf(fn), details);
}

async function doesNotReject(fn, ...details) {
  expectNothing(doesNotReject, 'rejection', await rejectionOf(fn), details);
}

module.exports = { doesNotReject, doesNotThrow, fail, rejects, throws };
