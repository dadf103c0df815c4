'use strict';

// util.format: printf-like text with inspected values.

const { isBuiltInName } = require('internal/util/inspect/name');

function inspect(value, options) {
  return require('internal/util/inspect').inspect(value, options);
}

/** Whether `String(value)` would only say what class the object has. */
function hasBuiltInToString(value) {
  const { isProxy, proxyDetails } = binding('types');
  while (isProxy(value)) {
    const details = proxyDetails(value);
    if (details === undefined) return true;
    value = details[0];
  }
  if (typeof value.toString !== 'function') return true;
  if (Object.hasOwn(value, 'toString')) return false;
  let holder = value;
  do {
    holder = Object.getPrototypeOf(holder);
  } while (!Object.hasOwn(holder, 'toString'));
  const constructor = Object.getOwnPropertyDescriptor(holder, 'constructor')?.value;
  return typeof constructor === 'function' && isBuiltInName(constructor.name);
}

function toJson(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof TypeError && /circular/i.test(error.message)) return '[Circular]';
    throw error;
  }
}

/** -0 and bigints are told apart from other numbers. */
function numberText(number, options) {
  const { formatNumber } = require('internal/util/inspect/primitive');
  return formatNumber((text) => text, number, options?.numericSeparator);
}

function bigintText(value, options) {
  const { formatBigInt } = require('internal/util/inspect/primitive');
  return formatBigInt((text) => text, value, options?.numericSeparator);
}

const conversions = {
  __proto__: null,
  s(value, options) {
    if (typeof value === 'number') return numberText(value, options);
    if (typeof value === 'bigint') return bigintText(value, options);
    if (typeof value !== 'object' || value === null || !hasBuiltInToString(value)) return String(value);
    return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
  },
  d(value, options) {
    if (typeof value === 'bigint') return bigintText(value, options);
    return numberText(typeof value === 'symbol' ? NaN : Number(value), options);
  },
  i(value, options) {
    if (typeof value === 'bigint') return bigintText(value, options);
    return numberText(typeof value === 'symbol' ? NaN : parseInt(value), options);
  },
  f: (value, options) => numberText(typeof value === 'symbol' ? NaN : parseFloat(value), options),
  j: toJson,
  o: (value, options) => inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 }),
  O: inspect,
  c: () => '',
};

/** Replaces the directives of `template` by `args` and tells how many of them were used. */
function expand(template, args, options) {
  let used = 0;
  const text = template.replace(/%([sdifjoOc%])/g, (directive, letter) => {
    if (letter === '%') return '%';
    if (used === args.length) return directive;
    return conversions[letter](args[used++], options);
  });
  return { text, used };
}

function formatWithOptionsInternal(options, args) {
  const [first] = args;
  let text = '';
  let rest = args;
  if (typeof first === 'string') {
    if (args.length === 1) return first;
    const expanded = first.includes('%') ? expand(first, args.slice(1), options) : { text: first, used: 0 };
    text = expanded.text;
    rest = args.slice(1 + expanded.used);
    if (rest.length > 0) text += ' ';
  }
  return text + rest.map((value) => (typeof value === 'string' ? value : inspect(value, options))).join(' ');
}

function format(...args) {
  return formatWithOptionsInternal(undefined, args);
}

function formatWithOptions(inspectOptions, ...args) {
  require('internal/validators').validateObject(inspectOptions, 'inspectOptions',
    require('internal/validators').kValidateObjectAllowObjects);
  return formatWithOptionsInternal(inspectOptions, args);
}

module.exports = { format, formatWithOptions };
