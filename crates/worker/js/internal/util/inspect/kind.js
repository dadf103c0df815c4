'use strict';

// What kind of object a value is, and so how it is shown: `describe` gives either the finished text or a shape:
// `base` (text before the braces), `braces`, `keys` (properties to list), `layout`, and `format`, which gives the
// parts that are not properties.

const types = require('internal/util/types');
const collection = require('internal/util/inspect/collection');
const { functionBase } = require('internal/util/inspect/function');
const { formatNumber, formatPrimitive } = require('internal/util/inspect/primitive');
const { ARRAY_LIKE, OBJECT_LIKE } = require('internal/util/inspect/layout');
const { prefixOf } = require('internal/util/inspect/name');
const { plain } = require('internal/util/inspect/style');

const INDEX = /^(?:0|[1-9][0-9]*)$/;

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
  return listedKeys(object, showHidden).filter((key) => !isIndex(key));
}

function shape(braces, keys, format = () => [], layout = OBJECT_LIKE, base = '') {
  return { base, braces, keys, layout, format };
}

function describeArray({ context, value, constructor, tag, inherited }) {
  const prefix = constructor !== 'Array' || tag !== '' ? prefixOf(constructor, tag, 'Array', `(${value.length})`) : '';
  const keys = keysWithoutIndices(value, context.showHidden);
  if (value.length === 0 && keys.length === 0 && inherited === undefined) return `${prefix}[]`;
  return shape([`${prefix}[`, ']'], keys, collection.formatArray, ARRAY_LIKE);
}

function describeTypedArray({ context, value, constructor, tag, inherited }) {
  const keys = keysWithoutIndices(value, context.showHidden);
  const view = constructor === null ? types.withOwnPrototype(value) : value;
  const { length } = view;
  const prefix = prefixOf(constructor, tag, types.typedArrayName(value), `(${length})`);
  if (length === 0 && keys.length === 0 && !context.showHidden && inherited === undefined) return `${prefix}[]`;
  const format = (_, __, level) => collection.formatTypedArray(context, view, level);
  return shape([`${prefix}[`, ']'], keys, format, ARRAY_LIKE);
}

function describeSized(size, format, name) {
  return ({ context, value, constructor, tag, inherited }) => {
    const prefix = prefixOf(constructor, tag, name, `(${size(value)})`);
    const keys = listedKeys(value, context.showHidden);
    if (size(value) === 0 && keys.length === 0 && inherited === undefined) return `${prefix}{}`;
    return shape([`${prefix}{`, '}'], keys, format);
  };
}

const describeSet = describeSized(collection.setSize, collection.formatSet, 'Set');
const describeMap = describeSized(collection.mapSize, collection.formatMap, 'Map');

function describeFunction({ context, value, constructor, tag, inherited }) {
  const base = functionBase(value, constructor, tag);
  const keys = listedKeys(value, context.showHidden);
  if (keys.length === 0 && inherited === undefined) return context.stylize(base, 'special');
  return shape(['{', '}'], keys, undefined, OBJECT_LIKE, base);
}

function describeRegExp({ context, value, level, constructor, tag, inherited }) {
  let base = RegExp.prototype.toString.call(constructor === null ? new RegExp(value) : value);
  const prefix = prefixOf(constructor, tag, 'RegExp');
  if (prefix !== 'RegExp ') base = `${prefix}${base}`;
  const keys = listedKeys(value, context.showHidden);
  const { isWithinDepth } = require('internal/util/inspect');
  if ((keys.length === 0 && inherited === undefined) || !isWithinDepth(context, level)) {
    return context.stylize(base, 'regexp');
  }
  return shape(['{', '}'], keys, undefined, OBJECT_LIKE, base);
}

function describeDate({ context, value, constructor, tag, inherited }) {
  const time = Date.prototype.getTime.call(value);
  let base = Number.isNaN(time) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
  const prefix = prefixOf(constructor, tag, 'Date');
  if (prefix !== 'Date ') base = `${prefix}${base}`;
  const keys = listedKeys(value, context.showHidden);
  if (keys.length === 0 && inherited === undefined) return context.stylize(base, 'date');
  return shape(['{', '}'], keys, undefined, OBJECT_LIKE, base);
}

function describeError({ context, value, constructor, tag, inherited }) {
  const keys = listedKeys(value, context.showHidden);
  const base = require('internal/util/inspect/error').formatError(value, constructor, tag, context, keys);
  if (keys.length === 0 && inherited === undefined) return base;
  return shape(['{', '}'], keys, undefined, OBJECT_LIKE, base);
}

function describeArrayBuffer({ context, value, typedArray, constructor, tag, inherited }) {
  const prefix = prefixOf(constructor, tag, types.isArrayBuffer(value) ? 'ArrayBuffer' : 'SharedArrayBuffer');
  const keys = listedKeys(value, context.showHidden);
  if (typedArray && keys.length === 0 && inherited === undefined) {
    return `${prefix}{ byteLength: ${formatNumber(context.stylize, value.byteLength, false)} }`;
  }
  keys.unshift('byteLength');
  return shape([`${prefix}{`, '}'], keys, typedArray ? undefined : collection.formatArrayBuffer);
}

const BOXED = [
  [types.isNumberObject, 'Number', Number.prototype.valueOf],
  [types.isStringObject, 'String', String.prototype.valueOf],
  [types.isBooleanObject, 'Boolean', Boolean.prototype.valueOf],
  [types.isBigIntObject, 'BigInt', BigInt.prototype.valueOf],
  [types.isSymbolObject, 'Symbol', Symbol.prototype.valueOf],
];

function describeBoxed({ context, value, constructor, tag, inherited }) {
  const [, name, valueOf] = BOXED.find(([check]) => check(value));
  let keys = listedKeys(value, context.showHidden);
  if (name === 'String') keys = keys.slice(value.length); // The characters come first, and are in the text.
  let base = `[${name}`;
  if (name !== constructor) base += constructor === null ? ' (null prototype)' : ` (${constructor})`;
  base += `: ${formatPrimitive(plain, valueOf.call(value), context)}]`;
  if (tag !== '' && tag !== constructor) base += ` [${tag}]`;
  if (keys.length === 0) {
    base = context.stylize(base, name.toLowerCase());
    if (inherited === undefined) return base;
  }
  return shape(['{', '}'], keys, undefined, OBJECT_LIKE, base);
}

/** An object whose braces carry its name and whose own parts `format` gives. */
function describeNamed(name, format, firstKeys = []) {
  return ({ context, value, constructor, tag }) => (
    shape([`${prefixOf(constructor, tag, name)}{`, '}'], [...firstKeys, ...listedKeys(value, context.showHidden)], format));
}

const describeDataView = describeNamed('DataView', undefined, ['byteLength', 'byteOffset', 'buffer']);
const describePromise = describeNamed('Promise', collection.formatPromise);
const describeWeakSet = describeNamed('WeakSet', collection.formatWeak);
const describeWeakMap = describeNamed('WeakMap', collection.formatWeak);

function describeIterator({ context, value, tag }, name) {
  const shown = tag === '' || tag === `${name} Iterator` ? `${name} Iterator` : `${name} Iterator] [${tag}`;
  return shape([`[${shown}] {`, '}'], listedKeys(value, context.showHidden), () => []);
}

function describeNamespace({ context, value, constructor, tag }) {
  const names = listedKeys(value, context.showHidden);
  return shape([`${prefixOf(constructor, tag, 'Module')}{`, '}'], [], collection.formatNamespace(names));
}

function describePlain({ context, value, constructor, tag, inherited }) {
  const keys = listedKeys(value, context.showHidden);
  let prefix = prefixOf(constructor, tag, 'Object');
  if (types.isArgumentsObject(value)) prefix = '[Arguments] ';
  else if (constructor === 'Object' && tag === '') prefix = '';
  if (keys.length === 0 && inherited === undefined) return `${prefix}{}`;
  return shape([`${prefix}{`, '}'], keys);
}

/** The iterables come first: an object that claims not to be iterable is none of them, whatever its class. */
function describe(subject) {
  const { value, constructor } = subject;
  if (typeof value === 'function') return describeFunction(subject);
  if (Symbol.iterator in value || constructor === null) {
    if (Array.isArray(value)) return describeArray(subject);
    if (types.isSet(value)) return describeSet(subject);
    if (types.isMap(value)) return describeMap(subject);
    if (types.isTypedArray(value)) return describeTypedArray(subject);
    if (types.isMapIterator(value)) return describeIterator(subject, 'Map');
    if (types.isSetIterator(value)) return describeIterator(subject, 'Set');
  }
  if (types.isArgumentsObject(value)) return describePlain(subject);
  if (types.isRegExp(value)) return describeRegExp(subject);
  if (types.isDate(value)) return describeDate(subject);
  if (types.isNativeError(value) || value instanceof Error) return describeError(subject);
  if (types.isAnyArrayBuffer(value)) return describeArrayBuffer(subject);
  if (types.isDataView(value)) return describeDataView(subject);
  if (types.isPromise(value)) return describePromise(subject);
  if (types.isWeakSet(value)) return describeWeakSet(subject);
  if (types.isWeakMap(value)) return describeWeakMap(subject);
  if (types.isModuleNamespaceObject(value)) return describeNamespace(subject);
  if (types.isBoxedPrimitive(value)) return describeBoxed(subject);
  return describePlain(subject);
}

/** The class of an object without prototypes. */
function className(value) {
  if (types.isMap(value)) return 'Map';
  if (types.isSet(value)) return 'Set';
  if (types.isTypedArray(value)) return types.typedArrayName(value);
  return Array.isArray(value) ? 'Array' : 'Object';
}

/** What stands for an object that is nested too deeply. */
function nameWithoutParts(context, value, constructor, tag) {
  const fallback = constructor === null ? className(value) : 'Object';
  const name = prefixOf(constructor, tag, fallback).slice(0, -1);
  return context.stylize(constructor === null ? name : `[${name}]`, 'special');
}

module.exports = { describe, nameWithoutParts };
