'use strict';

// Deep equality: that of util.isDeepStrictEqual and assert.deepStrictEqual, and the loose one of assert.deepEqual.

const types = require('internal/util/types');

const STRICT = 'strict';
const LOOSE = 'loose';

const INDEX = /^(?:0|[1-9][0-9]*)$/;

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

function hasOwn(object, key) {
  return Object.prototype.hasOwnProperty.call(object, key);
}

function isEnumerable(object, key) {
  return Object.prototype.propertyIsEnumerable.call(object, key);
}

function tagOf(value) {
  return Object.prototype.toString.call(value);
}

/** Own enumerable keys that are no array indices; symbols count only for the strict comparison. */
function extraKeys(object, mode) {
  const keys = Object.keys(object).filter((key) => !INDEX.test(key));
  if (mode === STRICT) keys.push(...Object.getOwnPropertySymbols(object).filter((key) => isEnumerable(object, key)));
  return keys;
}

function sameBytes(left, right) {
  if (left.byteLength !== right.byteLength) return false;
  const { compare } = binding('buffer');
  const view = (source) => (ArrayBuffer.isView(source) ?
    new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source));
  return compare(view(left), view(right)) === 0;
}

function sameFloats(left, right) {
  if (left.byteLength !== right.byteLength) return false;
  return left.every((item, index) => item === right[index]);
}

function sameBoxed(left, right, kind) {
  const { valueOf } = globalThis[kind].prototype;
  return types.kindOf(right) === kind && Object.is(valueOf.call(left), valueOf.call(right));
}

function isError(value) {
  return types.isNativeError(value) || value instanceof Error;
}

const STATEFUL = new Set([
  'Set', 'Map', 'Date', 'RegExp', 'ArrayBuffer', 'SharedArrayBuffer', 'Number', 'String', 'Boolean', 'BigInt', 'Symbol',
]);

/** Whether an object is of a kind that a plain object never equals, whatever their properties. */
function hasState(value) {
  return Array.isArray(value) || ArrayBuffer.isView(value) || STATEFUL.has(types.kindOf(value)) || isError(value);
}

/** One comparison; `open` holds the objects on the way down, and a cycle is equal if both sides are in one. */
class Comparison {
  constructor(mode) {
    this.mode = mode;
    this.open = new Set();
    this.level = 0;
  }

  equal(left, right) {
    if (left === right) return left !== 0 || this.mode === LOOSE || Object.is(left, right);
    if (this.mode === STRICT) {
      if (!isObject(left)) return typeof left === 'number' && Number.isNaN(left) && Number.isNaN(right);
      if (!isObject(right)) return false;
      if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
    } else {
      if (!isObject(left)) {
        return !isObject(right) && (left == right || (Number.isNaN(left) && Number.isNaN(right)));
      }
      if (!isObject(right)) return false;
    }
    return tagOf(left) === tagOf(right) && this.#objects(left, right);
  }

  /** Two objects with one tag: what their kind holds, then their properties. */
  #objects(left, right) {
    if (Array.isArray(left)) {
      if (!Array.isArray(right) || left.length !== right.length) return false;
      return this.#compareKeys(left, right, extraKeys(left, this.mode), extraKeys(right, this.mode), 'array');
    }
    if (tagOf(left) === '[object Object]') return this.#properties(left, right, 'plain');
    if (ArrayBuffer.isView(left)) return this.#views(left, right);
    const kind = types.kindOf(left);
    if (kind === 'Set' || kind === 'Map') {
      return types.kindOf(right) === kind && left.size === right.size && this.#properties(left, right, kind);
    }
    return this.#sameState(left, right, kind) && this.#properties(left, right, 'plain');
  }

  /** What objects of one kind hold besides their properties. */
  #sameState(left, right, kind) {
    switch (kind) {
      case 'Date': {
        const { getTime } = Date.prototype;
        return types.isDate(right) && getTime.call(left) === getTime.call(right);
      }
      case 'RegExp':
        return types.isRegExp(right) && left.source === right.source && left.flags === right.flags &&
          left.lastIndex === right.lastIndex;
      case 'ArrayBuffer':
      case 'SharedArrayBuffer':
        return types.isAnyArrayBuffer(right) && sameBytes(left, right);
      case 'Number':
      case 'String':
      case 'Boolean':
      case 'BigInt':
      case 'Symbol':
        return sameBoxed(left, right, kind);
      default:
        if (isError(left)) return isError(right) && this.#errors(left, right);
        return !hasState(right);
    }
  }

  /** What errors have besides their enumerable properties. */
  #errors(left, right) {
    if (left.message !== right.message || left.name !== right.name) return false;
    return ['cause', 'errors'].every((key) => (
      hasOwn(left, key) === hasOwn(right, key) && (!hasOwn(left, key) || this.equal(left[key], right[key]))));
  }

  #views(left, right) {
    if (types.kindOf(left) !== types.kindOf(right)) return false;
    const floats = types.isFloat32Array(left) || types.isFloat64Array(left);
    // Loosely, 0 equals -0; strictly, the bits decide.
    if (this.mode === LOOSE && floats ? !sameFloats(left, right) : !sameBytes(left, right)) return false;
    return this.#compareKeys(left, right, extraKeys(left, this.mode), extraKeys(right, this.mode), 'plain');
  }

  #properties(left, right, kind) {
    const keys = Object.keys(left);
    const others = Object.keys(right);
    if (this.mode === STRICT) {
      const symbols = Object.getOwnPropertySymbols(left).filter((key) => isEnumerable(left, key));
      const otherSymbols = Object.getOwnPropertySymbols(right).filter((key) => isEnumerable(right, key));
      keys.push(...symbols);
      others.push(...otherSymbols);
    }
    return this.#compareKeys(left, right, keys, others, kind);
  }

  #compareKeys(left, right, keys, others, kind) {
    if (keys.length !== others.length) return false;
    for (const key of keys) {
      if (!(typeof key === 'symbol' || this.mode === STRICT ? isEnumerable(right, key) : hasOwn(right, key))) {
        return false;
      }
    }
    if (keys.length === 0) {
      if (kind === 'plain' || (kind === 'array' && left.length === 0) ||
          ((kind === 'Set' || kind === 'Map') && left.size === 0)) return true;
    }
    const entered = [left, right].filter((object) => !this.open.has(object));
    // A cycle of one object equals one of two objects: the first two levels are always walked.
    if (entered.length < 2 && this.level >= 2) return entered.length === 0;
    for (const object of entered) this.open.add(object);
    this.level++;
    const equal = this.#contents(left, right, kind) && keys.every((key) => this.equal(left[key], right[key]));
    this.level--;
    for (const object of entered) this.open.delete(object);
    return equal;
  }

  #contents(left, right, kind) {
    if (kind === 'array') return this.#elements(left, right);
    if (kind === 'Set') return this.#sets(left, right);
    if (kind === 'Map') return this.#maps(left, right);
    return true;
  }

  #elements(left, right) {
    for (let index = 0; index < left.length; index++) {
      if (hasOwn(left, index)) {
        if (!hasOwn(right, index) || !this.equal(left[index], right[index])) return false;
      } else if (hasOwn(right, index)) {
        return false;
      } else {
        return this.#sparseElements(left, right, index);
      }
    }
    return true;
  }

  /** The rest of arrays with holes, from `start` on: only what is there. */
  #sparseElements(left, right, start) {
    const indices = (array) => Object.keys(array).filter((key) => INDEX.test(key) && Number(key) >= start);
    const keys = indices(left);
    if (keys.length !== indices(right).length) return false;
    return keys.every((key) => hasOwn(right, key) && this.equal(left[key], right[key]));
  }

  /** Whether `key` needs a search among all others rather than a look-up. */
  #needsSearch(key) {
    return isObject(key) || (this.mode === LOOSE && (typeof key !== 'number' || !Number.isNaN(key)));
  }

  #sets(left, right) {
    const open = [];
    for (const item of left) {
      if (isObject(item)) {
        if (this.mode === LOOSE || !right.has(item)) open.push(item);
      } else if (!right.has(item)) {
        if (!this.#needsSearch(item)) return false;
        open.push(item);
      }
    }
    if (open.length === 0) return true;
    const candidates = new Set();
    for (const item of right) if (!left.has(item) || (this.mode === LOOSE && isObject(item))) candidates.add(item);
    return open.every((item) => {
      for (const candidate of candidates) {
        if (this.equal(item, candidate)) return candidates.delete(candidate);
      }
      return false;
    });
  }

  #maps(left, right) {
    const open = [];
    for (const [key, value] of left) {
      if (isObject(key)) {
        open.push(key);
      } else if (right.has(key) ? !this.equal(value, right.get(key)) : true) {
        if (this.mode === STRICT || !this.#needsSearch(key)) return false;
        open.push(key);
      }
    }
    if (open.length === 0) return true;
    const candidates = new Set();
    for (const key of right.keys()) if (isObject(key) || !left.has(key) || this.mode === LOOSE) candidates.add(key);
    return open.every((key) => {
      for (const candidate of candidates) {
        if (this.equal(key, candidate) && this.equal(left.get(key), right.get(candidate))) {
          return candidates.delete(candidate);
        }
      }
      return false;
    });
  }
}

function isDeepStrictEqual(left, right) {
  return new Comparison(STRICT).equal(left, right);
}

function isDeepEqual(left, right) {
  return new Comparison(LOOSE).equal(left, right);
}

module.exports = { isDeepEqual, isDeepStrictEqual };
