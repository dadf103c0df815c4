'use strict';

// Arguments as the Fetch standard's interfaces take them, with the errors that Node's give.

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

function failure(prefix, message) {
  return new TypeError(`${prefix}: ${message}`);
}

function notConvertible(prefix, argument, types) {
  const plural = types.length === 1 ? '' : ' one of';
  return failure(prefix, `${argument} could not be converted to${plural}: ${types.join(', ')}.`);
}

function requireArguments(count, least, prefix) {
  if (count >= least) return;
  const only = count > 0 ? ' only' : '';
  throw failure(prefix, `${least} argument${least === 1 ? '' : 's'} required, but${only} ${count} found.`);
}

function requireBrand(isBrand) {
  if (!isBrand) throw Object.assign(new TypeError('Illegal invocation'), { code: 'ERR_INVALID_THIS' });
}

function isObject(value) {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function show(value) {
  if (typeof value === 'symbol') return `Symbol(${value.description})`;
  if (isObject(value)) return require('internal/util/inspect').inspect(value);
  return typeof value === 'string' ? `"${value}"` : `${value}`;
}

function domString(value, prefix, argument) {
  if (typeof value === 'symbol') {
    throw failure(prefix, `${argument} is a symbol, which cannot be converted to a DOMString.`);
  }
  return String(value);
}

/** A string whose characters are bytes. */
function byteString(value, prefix, argument) {
  const text = domString(value, prefix, argument);
  const index = text.search(/[^\0-\xff]/);
  if (index !== -1) {
    throw new TypeError(
      `Cannot convert argument to a ByteString because the character at index ${index} has a value of ` +
        `${text.charCodeAt(index)} which is greater than 255.`);
  }
  return text;
}

function usvString(value) {
  return `${value}`.toWellFormed();
}

function unsignedShort(value) {
  const number = Math.trunc(Number(value));
  return Number.isFinite(number) ? ((number % 65536) + 65536) % 65536 : 0;
}

function sequence(convert, value, prefix, argument, start) {
  if (!isObject(value)) throw failure(prefix, `${argument} (${show(value)}) is not iterable.`);
  const iterator = start === undefined ? value[Symbol.iterator]?.() : start();
  if (typeof iterator?.next !== 'function') throw failure(prefix, `${argument} is not iterable.`);
  const items = [];
  for (let step = iterator.next(); !step.done; step = iterator.next()) {
    items.push(convert(step.value, prefix, `${argument}[${items.length}]`));
  }
  return items;
}

function isProxy(value) {
  return require('internal/util/types').isProxy(value);
}

/** The entries of a record, as pairs. */
function record(value, prefix, argument) {
  const made = { __proto__: null };
  const keys = isProxy(value) ?
    Reflect.ownKeys(value).filter((key) => Reflect.getOwnPropertyDescriptor(value, key)?.enumerable) :
    Reflect.ownKeys(value);
  for (const key of keys) {
    const name = byteString(key, prefix, argument);
    made[name] = byteString(value[key], prefix, argument);
  }
  return Object.entries(made);
}

/**
 * The members of a dictionary that are there. `members` has for each name a function that converts, or a list of what
 * is allowed.
 */
function dictionary(value, prefix, argument, members) {
  const made = {};
  if (value == null) return made;
  if (!isObject(value)) throw failure(prefix, `Expected ${value} to be one of: Null, Undefined, Object.`);
  for (const name of Object.keys(members)) {
    const member = value[name];
    if (member === undefined) continue;
    const convert = members[name];
    if (typeof convert === 'function') {
      made[name] = convert(member, prefix, `${argument}.${name}`);
      continue;
    }
    made[name] = domString(member, prefix, `${argument}.${name}`);
    if (!convert.includes(made[name])) {
      throw failure(prefix, `${made[name]} is not an accepted type. Expected one of ${convert.join(', ')}.`);
    }
  }
  return made;
}

/** Gives `Class` what an iterable interface has; `pairsOf` gives the current pairs of a checked object. */
function defineIteration(Class, pairsOf) {
  const { name } = Class;
  let isIterator;
  class PairIterator {
    #target;
    #pick;
    #index = 0;

    constructor(target, pick) {
      this.#target = target;
      this.#pick = pick;
    }

    next() {
      if (!isIterator(this)) {
        throw new TypeError(`'next' called on an object that does not implement interface ${name} Iterator.`);
      }
      const pairs = pairsOf(this.#target);
      if (this.#index >= pairs.length) return { value: undefined, done: true };
      return { value: this.#pick(pairs[this.#index++]), done: false };
    }

    static {
      isIterator = (value) => isObject(value) && #target in value;
    }
  }
  delete PairIterator.prototype.constructor;
  Object.setPrototypeOf(PairIterator.prototype, IteratorPrototype);
  Object.defineProperty(PairIterator.prototype, 'next', { enumerable: true });
  Object.defineProperty(PairIterator.prototype, Symbol.toStringTag, { value: `${name} Iterator`, configurable: true });

  function iterate(target, pick) {
    pairsOf(target);
    return new PairIterator(target, pick);
  }
  const methods = {
    keys() {
      return iterate(this, ([key]) => key);
    },
    values() {
      return iterate(this, ([, value]) => value);
    },
    entries() {
      return iterate(this, ([key, value]) => [key, value]);
    },
    forEach(callback, receiver = globalThis) {
      const pairs = iterate(this, (pair) => pair);
      requireArguments(arguments.length, 1, `${name}.forEach`);
      if (typeof callback !== 'function') {
        throw new TypeError(`Failed to execute 'forEach' on '${name}': parameter 1 is not of type 'Function'.`);
      }
      for (const [key, value] of pairs) Reflect.apply(callback, receiver, [value, key, this]);
    },
  };
  Object.assign(Class.prototype, methods);
  Object.defineProperty(Class.prototype, Symbol.iterator, {
    value: methods.entries, writable: true, enumerable: false, configurable: true,
  });
}

module.exports = {
  byteString,
  defineIteration,
  dictionary,
  domString,
  failure,
  isObject,
  notConvertible,
  record,
  requireArguments,
  requireBrand,
  sequence,
  unsignedShort,
  usvString,
};
