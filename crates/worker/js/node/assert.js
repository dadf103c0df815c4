'use strict';

const { codes } = require('internal/errors');
const { defineLazy } = require('internal/lazy');

function comparisons() {
  return require('internal/util/comparisons');
}

function failWith(options) {
  require('internal/assert/exceptions').fail(options);
}

function requireBoth(args) {
  if (args.length < 2) throw new codes.ERR_MISSING_ARGS('actual', 'expected');
}

const exceptions = () => require('internal/assert/exceptions');
const lazily = {
  throws: () => exceptions().throws,
  rejects: () => exceptions().rejects,
  doesNotThrow: () => exceptions().doesNotThrow,
  doesNotReject: () => exceptions().doesNotReject,
};
const errorClass = { AssertionError: () => require('internal/assert/assertion_error') };

/** `args` are those that the caller gave: the value and the message. */
function checkTruth(check, args) {
  const [value, message] = args;
  if (value) return;
  if (message instanceof Error) throw message;
  const error = new assert.AssertionError({
    actual: value,
    expected: true,
    message: args.length === 0 ? 'No value argument passed to `assert.ok()`' : message,
    operator: '==',
    stackStartFn: check,
  });
  error.generatedMessage = args.length === 0 || message == null;
  throw error;
}

function assert(...args) {
  checkTruth(assert, args);
}

assert.fail = function fail(actual, expected, message, operator, stackStartFn) {
  const given = arguments.length;
  let generated = false;
  if (actual == null && given <= 1) {
    message = 'Failed';
    generated = true;
  } else if (given === 1) {
    message = actual;
    actual = undefined;
  } else {
    warnAboutFail();
    if (given === 2) operator = '!=';
  }
  if (message instanceof Error) throw message;
  const error = new assert.AssertionError({
    actual, expected, operator: operator === undefined ? 'fail' : operator, stackStartFn: stackStartFn || fail, message,
  });
  if (generated) error.generatedMessage = true;
  throw error;
};

defineLazy(assert, errorClass);

let warned = false;
function warnAboutFail() {
  if (warned) return;
  warned = true;
  require('process').emitWarning(
    'assert.fail() with more than one argument is deprecated. ' +
    'Please use assert.strictEqual() instead or only pass a message.',
    'DeprecationWarning', 'DEP0094');
}

assert.ok = function ok(...args) {
  checkTruth(ok, args);
};

/** Defines the comparison `name`, which fails unless `holds`. */
function define(name, operator, holds) {
  const check = {
    [name](actual, expected, message) {
      requireBoth(arguments);
      if (!holds(actual, expected)) failWith({ actual, expected, message, operator, stackStartFn: check });
    },
  }[name];
  assert[name] = check;
}

const looselyEqual = (left, right) => left == right || (Number.isNaN(left) && Number.isNaN(right));
define('equal', '==', looselyEqual);
define('notEqual', '!=', (actual, expected) => !looselyEqual(actual, expected));
define('deepEqual', 'deepEqual', (actual, expected) => comparisons().isDeepEqual(actual, expected));
define('notDeepEqual', 'notDeepEqual', (actual, expected) => !comparisons().isDeepEqual(actual, expected));
define('deepStrictEqual', 'deepStrictEqual',
  (actual, expected) => comparisons().isDeepStrictEqual(actual, expected));
define('notDeepStrictEqual', 'notDeepStrictEqual',
  (actual, expected) => !comparisons().isDeepStrictEqual(actual, expected));
define('strictEqual', 'strictEqual', Object.is);
define('notStrictEqual', 'notStrictEqual', (actual, expected) => !Object.is(actual, expected));

function checkMatch(check, string, regexp, message, wanted) {
  const { isRegExp } = require('internal/util/types');
  if (!isRegExp(regexp)) throw new codes.ERR_INVALID_ARG_TYPE('regexp', 'RegExp', regexp);
  if (typeof string === 'string' && (regexp.exec(string) !== null) === (wanted === 'match')) return;
  if (message instanceof Error) throw message;
  const { inspect } = require('internal/util/inspect');
  const generated = !message;
  if (generated) {
    message = typeof string === 'string' ?
      `The input ${wanted === 'match' ? 'did' : 'was expected to'} not match the regular expression ` +
        `${inspect(regexp)}. Input:\n\n${inspect(string)}\n` :
      `The "string" argument must be of type string. Received type ${typeof string} (${inspect(string)})`;
  }
  const error = new assert.AssertionError({
    actual: string, expected: regexp, message, operator: check.name, stackStartFn: check,
  });
  error.generatedMessage = generated;
  throw error;
}

defineLazy(assert, lazily);

assert.ifError = function ifError(error) {
  if (error === null || error === undefined) return;
  let message = 'ifError got unwanted exception: ';
  if (typeof error === 'object' && typeof error.message === 'string') {
    message += error.message.length === 0 && error.constructor ? error.constructor.name : error.message;
  } else {
    message += require('internal/util/inspect').inspect(error);
  }
  throw new assert.AssertionError({
    actual: error, expected: null, operator: 'ifError', message, stackStartFn: ifError,
  });
};

assert.match = function match(string, regexp, message) {
  checkMatch(match, string, regexp, message, 'match');
};

assert.doesNotMatch = function doesNotMatch(string, regexp, message) {
  checkMatch(doesNotMatch, string, regexp, message, 'no match');
};

/** The same assertions under the names of the loose ones. */
function strict(...args) {
  checkTruth(strict, args);
}
const counterparts = {
  equal: 'strictEqual', notEqual: 'notStrictEqual', deepEqual: 'deepStrictEqual', notDeepEqual: 'notDeepStrictEqual',
};
for (const name of Object.keys(assert)) {
  if (name in lazily || name in errorClass) defineLazy(strict, { [name]: { ...lazily, ...errorClass }[name] });
  else strict[name] = assert[counterparts[name] ?? name];
}
assert.strict = strict;
strict.strict = strict;

module.exports = assert;
