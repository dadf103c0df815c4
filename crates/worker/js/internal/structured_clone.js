'use strict';

// The global structuredClone: a deep copy of what the HTML standard calls serializable.

const types = require('internal/util/types');

const ERROR_CLASSES = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

function refuse(message) {
  const DOMException = require('internal/dom_exception');
  return new DOMException(message, 'DataCloneError');
}

/** `value` as V8 names it in messages. */
function nameOf(value) {
  if (typeof value === 'symbol' || typeof value === 'function') return String(value);
  if (types.isProxy(value)) return '#<Object>';
  const constructor = value.constructor;
  if (typeof constructor !== 'function' || constructor.name === '' || types.isSymbolObject(value)) {
    return Object.prototype.toString.call(value);
  }
  return `#<${constructor.name}>`;
}

function cannotClone(value) {
  return refuse(`${nameOf(value)} could not be cloned.`);
}

function isDetached(buffer) {
  return buffer.detached === true;
}

/** Objects whose state cannot be copied. */
const OPAQUE = new Set([
  'Proxy', 'WeakMap', 'WeakSet', 'WeakRef', 'Promise', 'Generator', 'AsyncGenerator', 'Arguments', 'Symbol',
  'MapIterator', 'SetIterator', 'ArrayIterator',
]);

class Cloner {
  #copies = new Map();
  #extents = new Map();

  /**
   * Takes over the buffers of `list`: they are empty from then on. `rehearsal` has cloned the same value before, so
   * that nothing is emptied when that fails, and so knows how long the views of the buffers were.
   */
  transfer(list, rehearsal) {
    for (const buffer of list) {
      if (isDetached(buffer)) throw refuse('An ArrayBuffer is detached and could not be cloned.');
    }
    for (const buffer of list) this.#copies.set(buffer, buffer.transfer());
    this.#extents = rehearsal.#extents;
  }

  clone(value) {
    if (typeof value === 'symbol' || typeof value === 'function') throw cannotClone(value);
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const kind = types.kindOf(value);
    if (OPAQUE.has(kind)) throw cannotClone(value);
    switch (kind) {
      case 'Array': return this.#properties(value, this.#remember(value, new Array(value.length)));
      case 'Map': return this.#map(value);
      case 'Set': return this.#set(value);
      case 'Error': return this.#error(value);
      default: {
        const copy = this.#simple(value, kind);
        if (copy !== undefined) return this.#remember(value, copy);
        return this.#properties(value, this.#remember(value, {}));
      }
    }
  }

  #remember(value, copy) {
    this.#copies.set(value, copy);
    return copy;
  }

  /** Objects that hold nothing which could refer back to them; undefined for others. */
  #simple(value, kind) {
    switch (kind) {
      case 'Date': return new Date(Date.prototype.getTime.call(value));
      case 'RegExp': return new RegExp(value.source, value.flags);
      case 'Number':
      case 'String':
      case 'Boolean':
      case 'BigInt':
        return Object(globalThis[kind].prototype.valueOf.call(value));
      case 'SharedArrayBuffer': return value;
      case 'ArrayBuffer':
        if (isDetached(value)) throw refuse('An ArrayBuffer is detached and could not be cloned.');
        return value.slice(0);
      default:
        return ArrayBuffer.isView(value) ? this.#view(value, kind) : undefined;
    }
  }

  #view(value, kind) {
    const buffer = this.clone(value.buffer);
    let extent = this.#extents.get(value);
    if (extent === undefined) {
      extent = [value.byteOffset, kind === 'DataView' ? value.byteLength : value.length];
      this.#extents.set(value, extent);
    }
    return new globalThis[kind](buffer, ...extent);
  }

  #map(value) {
    const copy = this.#remember(value, new Map());
    // Copying an entry can run a getter that changes the map.
    for (const [key, item] of [...Map.prototype.entries.call(value)]) copy.set(this.clone(key), this.clone(item));
    return copy;
  }

  #set(value) {
    const copy = this.#remember(value, new Set());
    for (const item of [...Set.prototype.values.call(value)]) copy.add(this.clone(item));
    return copy;
  }

  #error(value) {
    const Class = ERROR_CLASSES[value.name] ?? Error;
    const copy = this.#remember(value, new Class());
    const hide = (key, content) => Object.defineProperty(copy, key, {
      value: content, writable: true, configurable: true, enumerable: false,
    });
    if (Object.hasOwn(value, 'message')) hide('message', String(value.message));
    const { stack } = value;
    if (typeof stack === 'string') hide('stack', stack);
    if (Object.hasOwn(value, 'cause')) hide('cause', this.clone(value.cause));
    return copy;
  }

  #properties(value, copy) {
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(value, key)) continue; // A getter before it removed this one.
      Object.defineProperty(copy, key, {
        value: this.clone(value[key]), writable: true, enumerable: true, configurable: true,
      });
    }
    return copy;
  }
}

function argumentError(message, code) {
  const error = new TypeError(message);
  error.code = code;
  return error;
}

/** The buffers to transfer, each once. */
function transferList(options) {
  if (options === undefined || options === null) return [];
  if (typeof options !== 'object' && typeof options !== 'function') {
    throw argumentError('The options argument must be either an object or undefined', 'ERR_INVALID_ARG_TYPE');
  }
  const { transfer } = options;
  if (transfer === undefined || transfer === null) return [];
  if (typeof transfer !== 'object' || typeof transfer[Symbol.iterator] !== 'function') {
    throw argumentError('Optional transferList argument must be an iterable', 'ERR_INVALID_ARG_TYPE');
  }
  const list = [...transfer];
  if (!list.every((item) => types.isArrayBuffer(item))) {
    throw argumentError('Found invalid object in transferList', 'ERR_INVALID_TRANSFER_OBJECT');
  }
  if (new Set(list).size !== list.length) throw refuse('Transfer list contains duplicate ArrayBuffer');
  return list;
}

function structuredClone(...args) {
  if (args.length === 0) throw argumentError('The value argument must be specified', 'ERR_MISSING_ARGS');
  const list = transferList(args[1]);
  const cloner = new Cloner();
  if (list.length > 0) {
    const rehearsal = new Cloner();
    rehearsal.clone(args[0]);
    cloner.transfer(list, rehearsal);
  }
  return cloner.clone(args[0]);
}

module.exports = { structuredClone };
