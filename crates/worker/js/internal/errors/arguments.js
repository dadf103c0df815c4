'use strict';

// The messages of the errors about arguments, which are built from what was expected and what came.

const { determineSpecificType, formatList } = require('internal/errors');

const TYPES = new Set([
  'string', 'function', 'number', 'object', 'Function', 'Object', 'boolean', 'bigint', 'symbol',
]);
const CLASS_NAME = /^([A-Z][a-z0-9]*)+$/;

function inspect(value, options) {
  return require('internal/util/inspect').inspect(value, options);
}

/** `12345678` as `12_345_678`. */
function separateThousands(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, '_');
}

function describeSubject(name) {
  if (name.endsWith(' argument')) return `The ${name}`; // For example "first argument".
  return `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

function describeExpected(expected) {
  const types = [];
  const instances = [];
  const others = [];
  for (const value of expected) {
    if (TYPES.has(value)) types.push(value.toLowerCase());
    else if (CLASS_NAME.test(value)) instances.push(value);
    else others.push(value);
  }
  // "object" beside class names reads better as one of the instances.
  const object = types.indexOf('object');
  if (instances.length > 0 && object !== -1) {
    types.splice(object, 1);
    instances.push('Object');
  }
  const parts = [];
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${formatList(types, 'or')}`);
  if (instances.length > 0) parts.push(`an instance of ${formatList(instances, 'or')}`);
  if (others.length === 1) {
    const [other] = others;
    parts.push(other.toLowerCase() === other ? other : `an ${other}`);
  } else if (others.length > 1) {
    parts.push(`one of ${formatList(others, 'or')}`);
  }
  return parts.join(' or ');
}

function invalidType(name, expected, actual) {
  return `${describeSubject(name)} must be ${describeExpected([].concat(expected))}. ` +
    `Received ${determineSpecificType(actual)}`;
}

function invalidValue(name, value, reason = 'is invalid') {
  let inspected = inspect(value);
  if (inspected.length > 128) inspected = `${inspected.slice(0, 128)}...`;
  return `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${inspected}`;
}

function outOfRange(name, range, input, nameIsMessage = false) {
  let received;
  if (Number.isInteger(input) && Math.abs(input) > 2 ** 32) {
    received = separateThousands(`${input}`);
  } else if (typeof input === 'bigint') {
    const limit = 2n ** 32n;
    received = `${input}`;
    if (input > limit || input < -limit) received = separateThousands(received);
    received += 'n';
  } else {
    received = inspect(input);
  }
  const message = nameIsMessage ? name : `The value of "${name}" is out of range.`;
  return `${message} It must be ${range}. Received ${received}`;
}

function missing(...names) {
  const quoted = names.map((name) => (
    Array.isArray(name) ? name.map((alternative) => `"${alternative}"`).join(' or ') : `"${name}"`));
  return `The ${formatList(quoted)} argument${names.length === 1 ? '' : 's'} must be specified`;
}

module.exports = { invalidType, invalidValue, missing, outOfRange };
