'use strict';

// What kind of built-in object a value is, told by the engine's own class of the object and so not to be fooled by
// prototypes or Symbol.toStringTag. Behind util.types.

const { classId, isProxy: isProxyObject, promiseDetails } = binding('types');

const TYPED_ARRAYS = [
  'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array', 'Int32Array',
  'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array',
];
const BOXED = ['Number', 'String', 'Boolean', 'BigInt', 'Symbol'];

/** One object of each kind. Some kinds have two classes in the engine. */
function* samples() {
  yield ['Object', {}];
  yield ['Array', []];
  yield ['Map', new Map()];
  yield ['Set', new Set()];
  yield ['WeakMap', new WeakMap()];
  yield ['WeakSet', new WeakSet()];
  yield ['WeakRef', new WeakRef({})];
  yield ['Date', new Date(0)];
  yield ['RegExp', /x/];
  yield ['Error', new Error()];
  for (const [index, value] of [0, '', false, 0n, Symbol.iterator].entries()) yield [BOXED[index], Object(value)];
  yield ['ArrayBuffer', new ArrayBuffer(0)];
  yield ['SharedArrayBuffer', new SharedArrayBuffer(0)];
  yield ['DataView', new DataView(new ArrayBuffer(0))];
  for (const name of TYPED_ARRAYS) yield [name, new globalThis[name](0)];
  yield ['Promise', Promise.resolve()];
  yield ['MapIterator', new Map().keys()];
  yield ['SetIterator', new Set().keys()];
  yield ['ArrayIterator', [].values()];
  yield ['Generator', (function* () {})()];
  yield ['AsyncGenerator', (async function* () {})()];
  yield ['Function', () => {}];
  yield ['GeneratorFunction', function* () {}];
  yield ['AsyncFunction', async () => {}];
  yield ['AsyncGeneratorFunction', async function* () {}];
  yield ['NativeFunction', Math.max];
  yield ['Proxy', new Proxy({}, {})];
  yield ['Arguments', (function() {
    return arguments;
  })()];
  // Those of sloppy functions are another class.
  yield ['Arguments', new Function('a', 'return arguments')(0)];
}

/** Kinds by the number of the engine's class, learnt from the samples on first use. */
let kinds;

/** The kind of an object or function; undefined for the kinds that nobody asks for. */
function kindOf(value) {
  if (kinds === undefined) {
    kinds = [];
    for (const [kind, sample] of samples()) kinds[classId(sample)] = kind;
  }
  return kinds[classId(value)];
}

function is(...wanted) {
  const [first] = wanted;
  if (wanted.length === 1) return (value) => typeof value === 'object' && value !== null && kindOf(value) === first;
  return (value) => typeof value === 'object' && value !== null && wanted.includes(kindOf(value));
}

function isFunctionOf(...wanted) {
  return (value) => typeof value === 'function' && wanted.includes(kindOf(value));
}

function hasTag(tag) {
  return (value) => typeof value === 'object' && value !== null && value[Symbol.toStringTag] === tag;
}

/** A class's own constructor: a function of the program whose prototype cannot be replaced. */
function isClass(value) {
  if (typeof value !== 'function' || kindOf(value) !== 'Function') return false;
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}

function isProxy(value) {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && isProxyObject(value);
}

function isModuleNamespaceObject(value) {
  return typeof value === 'object' && value !== null && kindOf(value) === undefined &&
    Object.getPrototypeOf(value) === null &&
    Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module';
}

/** A view like the typed array `value`, whose prototype was taken away, that has its class's prototype. */
function withOwnPrototype(value) {
  const { prototype } = Object.getPrototypeOf(Uint8Array);
  const read = (name) => Object.getOwnPropertyDescriptor(prototype, name).get.call(value);
  return new globalThis[kindOf(value)](read('buffer'), read('byteOffset'), read('length'));
}

// The members of util.types, in its order.
const types = {
  isExternal: () => false,
  isDate: is('Date'),
  isArgumentsObject: is('Arguments'),
  isBigIntObject: is('BigInt'),
  isBooleanObject: is('Boolean'),
  isNumberObject: is('Number'),
  isStringObject: is('String'),
  isSymbolObject: is('Symbol'),
  isNativeError: is('Error'),
  isRegExp: is('RegExp'),
  isAsyncFunction: isFunctionOf('AsyncFunction', 'AsyncGeneratorFunction'),
  isGeneratorFunction: isFunctionOf('GeneratorFunction', 'AsyncGeneratorFunction'),
  isGeneratorObject: is('Generator', 'AsyncGenerator'),
  isPromise: is('Promise'),
  isMap: is('Map'),
  isSet: is('Set'),
  isMapIterator: is('MapIterator'),
  isSetIterator: is('SetIterator'),
  isWeakMap: is('WeakMap'),
  isWeakSet: is('WeakSet'),
  isArrayBuffer: is('ArrayBuffer'),
  isDataView: is('DataView'),
  isSharedArrayBuffer: is('SharedArrayBuffer'),
  isProxy,
  isModuleNamespaceObject,
  isAnyArrayBuffer: is('ArrayBuffer', 'SharedArrayBuffer'),
  isBoxedPrimitive: is(...BOXED),
  isArrayBufferView: ArrayBuffer.isView,
  isTypedArray: is(...TYPED_ARRAYS),
  isUint8Array: is('Uint8Array'),
  isUint8ClampedArray: is('Uint8ClampedArray'),
  isUint16Array: is('Uint16Array'),
  isUint32Array: is('Uint32Array'),
  isInt8Array: is('Int8Array'),
  isInt16Array: is('Int16Array'),
  isInt32Array: is('Int32Array'),
  isFloat32Array: is('Float32Array'),
  isFloat64Array: is('Float64Array'),
  isBigInt64Array: is('BigInt64Array'),
  isBigUint64Array: is('BigUint64Array'),
  isKeyObject: hasTag('KeyObject'),
  isCryptoKey: hasTag('CryptoKey'),
};

module.exports = {
  __proto__: types,
  TYPED_ARRAYS,
  isClass,
  kindOf,
  /** `{ state, result }` of a promise. */
  promiseDetails,
  types,
  withOwnPrototype,
};
