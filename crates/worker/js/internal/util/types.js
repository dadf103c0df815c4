'use strict';

// What kind of built-in object a value is, told by the engine's own class of the object and so not to be fooled by
// prototypes or Symbol.toStringTag. Behind util.types.

const { classId, isProxy: isProxyObject, promiseDetails } = binding('types');

/** Numbers of the engine's classes, learnt from one sample of each on first use. */
const samples = {
  __proto__: null,
  Map: () => new Map(),
  Set: () => new Set(),
  WeakMap: () => new WeakMap(),
  WeakSet: () => new WeakSet(),
  WeakRef: () => new WeakRef({}),
  Date: () => new Date(0),
  RegExp: () => /x/,
  Error: () => new Error(),
  Boolean: () => Object(false),
  Number: () => Object(0),
  String: () => Object(''),
  Symbol: () => Object(Symbol.iterator),
  BigInt: () => Object(0n),
  ArrayBuffer: () => new ArrayBuffer(0),
  SharedArrayBuffer: () => new SharedArrayBuffer(0),
  DataView: () => new DataView(new ArrayBuffer(0)),
  Promise: () => Promise.resolve(),
  MapIterator: () => new Map().keys(),
  SetIterator: () => new Set().keys(),
  Generator: () => (function* () {})(),
  AsyncGenerator: () => (async function* () {})(),
  BytecodeFunction: () => () => {},
  GeneratorFunction: () => function* () {},
  AsyncFunction: () => async () => {},
  AsyncGeneratorFunction: () => async function* () {},
  StrictArguments: () => (function() {
    return arguments;
  })(),
  MappedArguments: () => new Function('a', 'return arguments')(0),
};
const ids = { __proto__: null };

function idOf(kind) {
  return (ids[kind] ??= classId(samples[kind]()));
}

function is(kind) {
  return (value) => typeof value === 'object' && value !== null && classId(value) === idOf(kind);
}

function isFunctionOf(...kinds) {
  return (value) => typeof value === 'function' && kinds.some((kind) => classId(value) === idOf(kind));
}

const TypedArray = Object.getPrototypeOf(Uint8Array);
const typedArrayName = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag).get;

function isTypedArrayNamed(name) {
  return (value) => ArrayBuffer.isView(value) && typedArrayName.call(value) === name;
}

function isAny(...checks) {
  return (value) => checks.some((check) => check(value));
}

/** A class's own constructor: a function of the program whose prototype cannot be replaced. */
function isClass(value) {
  if (typeof value !== 'function' || classId(value) !== idOf('BytecodeFunction')) return false;
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}

const isArrayBuffer = is('ArrayBuffer');
const isSharedArrayBuffer = is('SharedArrayBuffer');
const isNumberObject = is('Number');
const isStringObject = is('String');
const isBooleanObject = is('Boolean');
const isBigIntObject = is('BigInt');
const isSymbolObject = is('Symbol');

/** A view like the typed array `value`, whose prototype was taken away, that has its class's prototype. */
function withOwnPrototype(value) {
  const read = (name) => Object.getOwnPropertyDescriptor(TypedArray.prototype, name).get.call(value);
  return new globalThis[typedArrayName.call(value)](read('buffer'), read('byteOffset'), read('length'));
}

// The members of util.types, in its order.
const types = {
  isExternal: () => false,
  isDate: is('Date'),
  isArgumentsObject: isAny(is('StrictArguments'), is('MappedArguments')),
  isBigIntObject,
  isBooleanObject,
  isNumberObject,
  isStringObject,
  isSymbolObject,
  isNativeError: is('Error'),
  isRegExp: is('RegExp'),
  isAsyncFunction: isFunctionOf('AsyncFunction', 'AsyncGeneratorFunction'),
  isGeneratorFunction: isFunctionOf('GeneratorFunction', 'AsyncGeneratorFunction'),
  isGeneratorObject: isAny(is('Generator'), is('AsyncGenerator')),
  isPromise: is('Promise'),
  isMap: is('Map'),
  isSet: is('Set'),
  isMapIterator: is('MapIterator'),
  isSetIterator: is('SetIterator'),
  isWeakMap: is('WeakMap'),
  isWeakSet: is('WeakSet'),
  isArrayBuffer,
  isDataView: (value) => ArrayBuffer.isView(value) && typedArrayName.call(value) === undefined,
  isSharedArrayBuffer,
  isProxy: (value) => value !== null && (typeof value === 'object' || typeof value === 'function') && isProxyObject(value),
  isModuleNamespaceObject: (value) => (
    typeof value === 'object' && value !== null && !isProxyObject(value) &&
    Object.getPrototypeOf(value) === null && !Object.isExtensible(value) &&
    Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module'),
  isAnyArrayBuffer: isAny(isArrayBuffer, isSharedArrayBuffer),
  isBoxedPrimitive: isAny(isNumberObject, isStringObject, isBooleanObject, isBigIntObject, isSymbolObject),
  isArrayBufferView: ArrayBuffer.isView,
  isTypedArray: (value) => ArrayBuffer.isView(value) && typedArrayName.call(value) !== undefined,
  isUint8Array: isTypedArrayNamed('Uint8Array'),
  isUint8ClampedArray: isTypedArrayNamed('Uint8ClampedArray'),
  isUint16Array: isTypedArrayNamed('Uint16Array'),
  isUint32Array: isTypedArrayNamed('Uint32Array'),
  isInt8Array: isTypedArrayNamed('Int8Array'),
  isInt16Array: isTypedArrayNamed('Int16Array'),
  isInt32Array: isTypedArrayNamed('Int32Array'),
  isFloat32Array: isTypedArrayNamed('Float32Array'),
  isFloat64Array: isTypedArrayNamed('Float64Array'),
  isBigInt64Array: isTypedArrayNamed('BigInt64Array'),
  isBigUint64Array: isTypedArrayNamed('BigUint64Array'),
  isKeyObject: (value) => typeof value === 'object' && value !== null && value[Symbol.toStringTag] === 'KeyObject',
  isCryptoKey: (value) => typeof value === 'object' && value !== null && value[Symbol.toStringTag] === 'CryptoKey',
};

module.exports = {
  __proto__: types,
  isClass,
  /** `{ state, result }` of a promise. */
  promiseDetails,
  types,
  typedArrayName: (value) => typedArrayName.call(value),
  withOwnPrototype,
};
