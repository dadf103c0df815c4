'use strict';

const { codes } = require('internal/errors');
const { validateFunction } = require('internal/validators');

const kInspect = Symbol.for('nodejs.util.inspect.custom');

/** `text` with percent escapes decoded; bytes that are no UTF-8 become U+FFFD. */
function percentDecode(text) {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return binding('encoding').utf8Decode(require('querystring').unescapeBuffer(text));
  }
}

function decode(text) {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text);
}

function parse(query) {
  const list = [];
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    if (equals === -1) list.push(decode(piece), '');
    else list.push(decode(piece.slice(0, equals)), decode(piece.slice(equals + 1)));
  }
  return list;
}

function encode(text) {
  return encodeURIComponent(text).replace(/[!'()~]|%20/g, (found) => (
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`));
}

function wellFormed(value) {
  return `${value}`.toWellFormed();
}

/** Names and values alternately, from pairs, a record or a query. */
function read(init) {
  if (init === undefined || init === null) return [];
  if (typeof init !== 'object' && typeof init !== 'function') {
    const query = wellFormed(init);
    return parse(query[0] === '?' ? query.slice(1) : query);
  }
  const iterate = init[Symbol.iterator];
  if (iterate === null || iterate === undefined) return readRecord(init);
  if (typeof iterate !== 'function') throw new codes.ERR_ARG_NOT_ITERABLE('Query pairs');
  const list = [];
  for (const pair of init) {
    const iterable = pair !== null && pair !== undefined &&
      (typeof pair === 'object' || typeof pair === 'function') && typeof pair[Symbol.iterator] === 'function';
    const entries = iterable ? [...pair] : [];
    if (entries.length !== 2) throw new codes.ERR_INVALID_TUPLE('Each query pair', '[name, value]');
    list.push(wellFormed(entries[0]), wellFormed(entries[1]));
  }
  return list;
}

function readRecord(record) {
  const values = new Map();
  for (const key of Reflect.ownKeys(record)) {
    if (!Object.prototype.propertyIsEnumerable.call(record, key)) continue;
    // A symbol cannot be a name: the conversion throws.
    values.set(wellFormed(key), wellFormed(record[key]));
  }
  return [...values].flat();
}

// What the module does with the private fields of an instance.
let check;
let setOwner;
let replaceContents;

class URLSearchParams {
  #list;
  #update;

  constructor(init = undefined) {
    this.#list = read(init);
  }

  get size() {
    check(this);
    return this.#list.length / 2;
  }

  append(name, value) {
    check(this);
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('name', 'value');
    this.#list.push(wellFormed(name), wellFormed(value));
    this.#changed();
  }

  delete(name, value = undefined) {
    check(this);
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('name');
    const matches = this.#matcher(name, value);
    this.#list = this.#pairs().filter((pair) => !matches(pair)).flat();
    this.#changed();
  }

  get(name) {
    check(this);
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('name');
    return this.#pairs().find(this.#matcher(name))?.[1] ?? null;
  }

  getAll(name) {
    check(this);
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('name');
    return this.#pairs().filter(this.#matcher(name)).map((pair) => pair[1]);
  }

  has(name, value = undefined) {
    check(this);
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('name');
    return this.#pairs().some(this.#matcher(name, value));
  }

  set(name, value) {
    check(this);
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('name', 'value');
    const matches = this.#matcher(name);
    const pairs = this.#pairs();
    const first = pairs.findIndex(matches);
    const pair = [wellFormed(name), wellFormed(value)];
    if (first === -1) pairs.push(pair);
    else pairs[first] = pair;
    this.#list = pairs.filter((candidate) => candidate === pair || !matches(candidate)).flat();
    this.#changed();
  }

  sort() {
    check(this);
    this.#list = this.#pairs().sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)).flat();
    this.#changed();
  }

  entries() {
    check(this);
    return createIterator(() => this.#list, 'key+value');
  }

  forEach(callback, thisArgument = undefined) {
    check(this);
    validateFunction(callback, 'callback');
    for (let index = 0; index < this.#list.length; index += 2) {
      callback.call(thisArgument, this.#list[index + 1], this.#list[index], this);
    }
  }

  keys() {
    check(this);
    return createIterator(() => this.#list, 'key');
  }

  values() {
    check(this);
    return createIterator(() => this.#list, 'value');
  }

  toString() {
    check(this);
    return this.#pairs().map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  }

  #pairs() {
    const pairs = [];
    for (let index = 0; index < this.#list.length; index += 2) pairs.push([this.#list[index], this.#list[index + 1]]);
    return pairs;
  }

  #matcher(name, value) {
    name = wellFormed(name);
    if (value === undefined) return (pair) => pair[0] === name;
    value = wellFormed(value);
    return (pair) => pair[0] === name && pair[1] === value;
  }

  #changed() {
    this.#update?.(this.toString());
  }

  [kInspect](depth, options) {
    check(this);
    if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
    const { inspect, stripVTControlCharacters } = require('internal/util/inspect');
    const inner = { ...options, depth: options.depth === null ? null : options.depth - 1 };
    const parts = this.#pairs().map(([name, value]) => `${inspect(name, inner)} => ${inspect(value, inner)}`);
    if (parts.length === 0) return `${this.constructor.name} {}`;
    const width = parts.reduce((sum, part) => sum + stripVTControlCharacters(part).length + 2, -2);
    if (width > options.breakLength) return `${this.constructor.name} {\n  ${parts.join(',\n  ')} }`;
    return `${this.constructor.name} { ${parts.join(', ')} }`;
  }

  static {
    check = (value) => {
      if (typeof value !== 'object' || value === null || !(#list in value)) {
        throw new codes.ERR_INVALID_THIS('URLSearchParams');
      }
    };
    setOwner = (params, update) => {
      params.#update = update;
    };
    replaceContents = (params, search) => {
      params.#list = parse(search.slice(1));
    };
  }
}

for (const name of ['size', 'append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'entries', 'forEach', 'keys',
  'values', 'toString']) Object.defineProperty(URLSearchParams.prototype, name, { enumerable: true });
Object.defineProperties(URLSearchParams.prototype, {
  [Symbol.iterator]: { value: URLSearchParams.prototype.entries, writable: true, configurable: true },
  [Symbol.toStringTag]: { value: 'URLSearchParams', configurable: true },
});

const cursors = new WeakMap();
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

function itemAt(cursor) {
  const list = cursor.list();
  if (cursor.kind === 'key') return list[cursor.index];
  return cursor.kind === 'value' ? list[cursor.index + 1] : [list[cursor.index], list[cursor.index + 1]];
}

const SearchParamsIteratorPrototype = Object.create(IteratorPrototype, {
  next: {
    value: function next() {
      const cursor = cursors.get(this);
      if (cursor === undefined) throw new codes.ERR_INVALID_THIS('URLSearchParamsIterator');
      if (cursor.index >= cursor.list().length) return { value: undefined, done: true };
      const value = itemAt(cursor);
      cursor.index += 2;
      return { value, done: false };
    },
    writable: true,
    enumerable: true,
    configurable: true,
  },
  [kInspect]: {
    value: function(depth, options) {
      const { list, kind, index } = cursors.get(this);
      if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special');
      const rest = [];
      for (let at = index; at < list().length; at += 2) rest.push(itemAt({ list, kind, index: at }));
      const { inspect } = require('internal/util/inspect');
      const parts = rest.map((item) => inspect(item, options));
      return parts.length === 0 ? 'URLSearchParams Iterator {  }' : `URLSearchParams Iterator { ${parts.join(', ')} }`;
    },
    writable: true,
    configurable: true,
  },
  [Symbol.toStringTag]: { value: 'URLSearchParams Iterator', configurable: true },
});

/** An iterator that sees later changes; `list` gives the current names and values. */
function createIterator(list, kind) {
  const iterator = Object.create(SearchParamsIteratorPrototype);
  cursors.set(iterator, { list, kind, index: 0 });
  return iterator;
}

module.exports = { URLSearchParams, replaceContents, setOwner };
