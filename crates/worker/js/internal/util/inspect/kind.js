'use strict';

// What kind of object a value is, and so how it is shown: `describe` gives either the finished text or a shape:
// `base` (text before the braces), `braces`, `keys` (properties to list), `layout`, and `format`, which gives the
// parts that are not properties.

const types = require('internal/util/types');
const collection = require('internal/util/inspect/collection');
const { functionBase } = require('internal/util/inspect/function');
const { formatNumber, formatPrimitive } = require('internal/util/inspect/primitive');
const { ARRAY_LIKE, OBJECT_LIKE } = require('internal/util/inspect/layout');
const { isWithinDepth, prefixOf } = require('internal/util/inspect/name');
const { plain } = require('internal/util/inspect/style');

const INDEX = /^(?:0|[1-9][0-9]*)$/;
const NO_PARTS = () => [];

function listedKeys(object, showHidden) {
  const symbols = Object.getOwnPropertySymbols(object);
  if (showHidden) return [...Object.getOwnPropertyNames(object), ...symbols];
  let keys;
  try {
    keys = Object.keys(object);
  } catch {
    keys = Object.getOwnPropertyNames(object); // A module namespace with bindings that have no value yet.
  }
  for (const symbol of symbols) {
    if (Object.prototype.propertyIsEnumerable.call(object, symbol)) keys.push(symbol);
  }
  return keys;
}

function isIndex(key) {
  return typeof key === 'string' && INDEX.test(key) && Number(key) < 2 ** 32 - 1;
}

function keysWithoutIndices(object, showHidden) {
  const keys = listedKeys(object, showHidden);
  // The indices come first, so that most arrays need no search.
  const { length } = object;
  if (keys.length === length && (length === 0 || keys[length - 1] === `${length - 1}`)) return [];
  return keys.filter((key) => !isIndex(key));
}

function shape(braces, keys, format = NO_PARTS, layout = OBJECT_LIKE, base = '') {
  return { base, braces, keys, layout, format };
}

/** Whether the braces hold nothing. */
function isBare(keys, { inherited }) {
  return keys.length === 0 && inherited === undefined;
}

function describeArray(subject) {
  const { context, value, constructor, tag } = subject;
  const prefix = constructor !== 'Array' || tag !== '' ? prefixOf(constructor, tag, 'Array', `(${value.length})`) : '';
  const keys = keysWithoutIndices(value, context.showHidden);
  if (value.length === 0 && isBare(keys, subject)) return `${prefix}[]`;
  return shape([`${prefix}[`, ']'], keys, collection.formatArray, ARRAY_LIKE);
}

function describeTypedArray(subject, kind) {
  const { context, value, constructor, tag } = subject;
  const view = constructor === null ? types.withOwnPrototype(value) : value;
  const keys = keysWithoutIndices(view, context.showHidden);
  const prefix = prefixOf(constructor, tag, kind, `(${view.length})`);
  if (view.length === 0 && !context.showHidden && isBare(keys, subject)) return `${prefix}[]`;
  const format = (_, __, level) => collection.formatTypedArray(context, view, level);
  return shape([`${prefix}[`, ']'], keys, format, ARRAY_LIKE);
}

function describeSized(size, format) {
  return (subject, kind) => {
    const { context, value, constructor, tag } = subject;
    const prefix = prefixOf(constructor, tag, kind, `(${size(value)})`);
    const keys = listedKeys(value, context.showHidden);
    if (size(value) === 0 && isBare(keys, subject)) return `${prefix}{}`;
    return shape([`${prefix}{`, '}'], keys, format);
  };
}

function describeFunction(subject) {
  const { context, value, constructor, tag } = subject;
  const base = functionBase(value, constructor, tag);
  const keys = listedKeys(value, context.showHidden);
  if (isBare(keys, subject)) return context.stylize(base, 'special');
  return shape(['{', '}'], keys, NO_PARTS, OBJECT_LIKE, base);
}

function describeRegExp(subject) {
  const { context, value, level, constructor, tag } = subject;
  let base = RegExp.prototype.toString.call(constructor === null ? new RegExp(value) : value);
  const prefix = prefixOf(constructor, tag, 'RegExp');
  if (prefix !== 'RegExp ') base = `${prefix}${base}`;
  const keys = listedKeys(value, context.showHidden);
  if (isBare(keys, subject) || !isWithinDepth(context, level)) return context.stylize(base, 'regexp');
  return shape(['{', '}'], keys, NO_PARTS, OBJECT_LIKE, base);
}

function describeDate(subject) {
  const { context, value, constructor, tag } = subject;
  const time = Date.prototype.getTime.call(value);
  let base = Number.isNaN(time) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
  const prefix = prefixOf(constructor, tag, 'Date');
  if (prefix !== 'Date ') base = `${prefix}${base}`;
  const keys = listedKeys(value, context.showHidden);
  if (isBare(keys, subject)) return context.stylize(base, 'date');
  return shape(['{', '}'], keys, NO_PARTS, OBJECT_LIKE, base);
}

function describeError(subject) {
  const { context, value, constructor, tag } = subject;
  const keys = listedKeys(value, context.showHidden);
  const base = require('internal/util/inspect/error').formatError(value, constructor, tag, context, keys);
  return isBare(keys, subject) ? base : shape(['{', '}'], keys, NO_PARTS, OBJECT_LIKE, base);
}

function describeArrayBuffer(subject, kind) {
  const { context, value, typedArray, constructor, tag } = subject;
  const prefix = prefixOf(constructor, tag, kind);
  const keys = listedKeys(value, context.showHidden);
  if (typedArray && isBare(keys, subject)) {
    return `${prefix}{ byteLength: ${formatNumber(context.stylize, value.byteLength, false)} }`;
  }
  return shape([`${prefix}{`, '}'], ['byteLength', ...keys], typedArray ? NO_PARTS : collection.formatArrayBuffer);
}

function describeBoxed(subject, kind) {
  const { context, value, constructor, tag } = subject;
  let keys = listedKeys(value, context.showHidden);
  if (kind === 'String') keys = keys.slice(value.length); // The characters come first, and are in the text.
  let base = `[${kind}`;
  if (kind !== constructor) base += constructor === null ? ' (null prototype)' : ` (${constructor})`;
  base += `: ${formatPrimitive(plain, globalThis[kind].prototype.valueOf.call(value), context)}]`;
  if (tag !== '' && tag !== constructor) base += ` [${tag}]`;
  if (keys.length === 0) base = context.stylize(base, kind.toLowerCase());
  return isBare(keys, subject) ? base : shape(['{', '}'], keys, NO_PARTS, OBJECT_LIKE, base);
}

/** An object whose braces carry its name and whose own parts `format` gives. */
function describeNamed(format, firstKeys = []) {
  return ({ context, value, constructor, tag }, kind) => {
    const keys = [...firstKeys, ...listedKeys(value, context.showHidden)];
    return shape([`${prefixOf(constructor, tag, kind)}{`, '}'], keys, format);
  };
}

function describeIterator(name) {
  return ({ context, value, tag }) => {
    const shown = tag === '' || tag === `${name} Iterator` ? `${name} Iterator` : `${name} Iterator] [${tag}`;
    return shape([`[${shown}] {`, '}'], listedKeys(value, context.showHidden));
  };
}

function describeNamespace({ context, value, constructor, tag }) {
  const names = listedKeys(value, context.showHidden);
  return shape([`${prefixOf(constructor, tag, 'Module')}{`, '}'], [], collection.formatNamespace(names));
}

function describePlain(subject, kind) {
  const { context, value, constructor, tag } = subject;
  const keys = listedKeys(value, context.showHidden);
  let prefix = prefixOf(constructor, tag, 'Object');
  if (kind === 'Arguments') prefix = '[Arguments] ';
  else if (constructor === 'Object' && tag === '') prefix = '';
  return isBare(keys, subject) ? `${prefix}{}` : shape([`${prefix}{`, '}'], keys);
}

/** An object of one of these kinds that claims not to be iterable is shown as a plain object. */
const iterables = {
  __proto__: null,
  Array: describeArray,
  Set: describeSized(collection.setSize, collection.formatSet),
  Map: describeSized(collection.mapSize, collection.formatMap),
  MapIterator: describeIterator('Map'),
  SetIterator: describeIterator('Set'),
};
for (const name of types.TYPED_ARRAYS) iterables[name] = describeTypedArray;

const others = {
  __proto__: null,
  RegExp: describeRegExp,
  Date: describeDate,
  Error: describeError,
  ArrayBuffer: describeArrayBuffer,
  SharedArrayBuffer: describeArrayBuffer,
  DataView: describeNamed(NO_PARTS, ['byteLength', 'byteOffset', 'buffer']),
  Promise: describeNamed(collection.formatPromise),
  WeakSet: describeNamed(collection.formatWeak),
  WeakMap: describeNamed(collection.formatWeak),
  Number: describeBoxed,
  String: describeBoxed,
  Boolean: describeBoxed,
  BigInt: describeBoxed,
  Symbol: describeBoxed,
};

function describe(subject) {
  const { value, constructor } = subject;
  if (typeof value === 'function') return describeFunction(subject);
  const kind = types.kindOf(value);
  const iterable = iterables[kind];
  if (iterable !== undefined && (constructor === null || value[Symbol.iterator])) return iterable(subject, kind);
  const other = others[kind];
  if (other !== undefined) return other(subject, kind);
  if (value instanceof Error) return describeError(subject);
  if (types.isModuleNamespaceObject(value)) return describeNamespace(subject);
  return describePlain(subject, kind);
}

/** What stands for an object that is nested too deeply. */
function nameWithoutParts(context, value, constructor, tag) {
  let fallback = 'Object';
  if (constructor === null) {
    const kind = types.kindOf(value);
    if (kind in iterables) fallback = kind;
  }
  const name = prefixOf(constructor, tag, fallback).slice(0, -1);
  return context.stylize(constructor === null ? name : `[${name}]`, 'special');
}

module.exports = { describe, nameWithoutParts };
