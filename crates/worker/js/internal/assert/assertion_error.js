'use strict';

const { captureStack } = require('internal/errors');
const { validateObject } = require('internal/validators');
const { describeBoth, describeDifference, describeSame } = require('internal/assert/difference');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
const MAX_SHOWN_LENGTH = 512;
const MAX_SHOWN_LINES = 10;

/** A copy of an error without its stack, which says nothing about why the values differ. */
function withoutStack(error) {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(error)), error);
  Object.defineProperty(copy, 'message', { value: error.message });
  Object.defineProperty(copy, 'stack', { value: '', configurable: true });
  return copy;
}

function isErrorObject(value) {
  return typeof value === 'object' && value !== null && 'stack' in value && value instanceof Error;
}

function messageFor({ message, operator, actual, expected }) {
  const strict = operator === 'deepStrictEqual' || operator === 'strictEqual';
  if (message != null && !strict) return String(message);
  if (isErrorObject(actual) && isErrorObject(expected)) {
    actual = withoutStack(actual);
    expected = withoutStack(expected);
  }
  if (strict) return describeDifference(actual, expected, operator, message || undefined);
  if (operator === 'notDeepStrictEqual' || operator === 'notStrictEqual') return describeSame(actual, operator);
  return describeBoth(actual, expected, operator);
}

/** Long strings would hide the rest of the error. */
function shortened(value) {
  const lines = value.split('\n', MAX_SHOWN_LINES + 1);
  if (lines.length > MAX_SHOWN_LINES) return `${lines.slice(0, MAX_SHOWN_LINES).join('\n')}\n...`;
  return value.length > MAX_SHOWN_LENGTH ? `${value.slice(0, MAX_SHOWN_LENGTH)}...` : value;
}

class AssertionError extends Error {
  constructor(options) {
    validateObject(options, 'options');
    const { message, operator, stackStartFn, stackStartFunction, actual, expected, details } = options;
    super(messageFor(options));
    this.generatedMessage = !message;
    Object.defineProperty(this, 'name', {
      value: 'AssertionError', enumerable: false, writable: true, configurable: true,
    });
    this.code = 'ERR_ASSERTION';
    if (details) {
      this.actual = undefined;
      this.expected = undefined;
      this.operator = undefined;
      details.forEach((detail, index) => {
        this[`message ${index}`] = detail.message;
        this[`actual ${index}`] = detail.actual;
        this[`expected ${index}`] = detail.expected;
        this[`operator ${index}`] = detail.operator;
        this[`stack trace ${index}`] = detail.stack;
      });
    } else {
      this.actual = actual;
      this.expected = expected;
      this.operator = operator;
    }
    captureStack(this, `AssertionError [ERR_ASSERTION]: ${this.message}`, stackStartFn || stackStartFunction);
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [kInspect](depth, context) {
    const { actual, expected } = this;
    for (const name of ['actual', 'expected']) {
      if (typeof this[name] === 'string') this[name] = shortened(this[name]);
    }
    const { inspect } = require('internal/util/inspect');
    const text = inspect(this, { ...context, customInspect: false, depth: 0 });
    this.actual = actual;
    this.expected = expected;
    return text;
  }
}

module.exports = AssertionError;
