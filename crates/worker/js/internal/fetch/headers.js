'use strict';

// The class Headers, and the list of headers below it.

const {
  byteString, defineIteration, failure, isObject, notConvertible, record, requireArguments, requireBrand, sequence,
} = require('internal/fetch/convert');
const { finishClass } = require('internal/webstreams/shared');

const TOKEN = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;
const FORBIDDEN_IN_VALUE = /^[\t ]|[\t ]$|[\n\r\0]/;

function isToken(text) {
  return TOKEN.test(text);
}

function isValue(text) {
  return !FORBIDDEN_IN_VALUE.test(text);
}

function trim(text) {
  return text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
}

/** Headers by name, whatever its case; the first name that came is kept. */
class HeaderList {
  #entries = new Map();
  /** Every `Set-Cookie`, which are never joined. */
  #cookies = [];
  #sorted;

  static from(other) {
    const made = new HeaderList();
    made.#entries = new Map(other.#entries);
    made.#cookies = [...other.#cookies];
    return made;
  }

  has(name) {
    return this.#entries.has(name.toLowerCase());
  }

  get(name) {
    return this.#entries.get(name.toLowerCase())?.[1] ?? null;
  }

  append(name, value) {
    const key = name.toLowerCase();
    const entry = this.#entries.get(key);
    const separator = key === 'cookie' ? '; ' : ', ';
    this.#entries.set(key, entry === undefined ? [name, value] : [entry[0], `${entry[1]}${separator}${value}`]);
    if (key === 'set-cookie') this.#cookies.push(value);
    this.#sorted = undefined;
  }

  set(name, value) {
    const key = name.toLowerCase();
    this.#entries.set(key, [name, value]);
    if (key === 'set-cookie') this.#cookies = [value];
    this.#sorted = undefined;
  }

  delete(name) {
    const key = name.toLowerCase();
    this.#entries.delete(key);
    if (key === 'set-cookie') this.#cookies = [];
    this.#sorted = undefined;
  }

  clear() {
    this.#entries.clear();
    this.#cookies = [];
    this.#sorted = undefined;
  }

  get cookies() {
    return [...this.#cookies];
  }

  /** `[name, value]` as they came, with every cookie. */
  pairs() {
    return [...this.#entries].flatMap(([key, [name, value]]) => (
      key === 'set-cookie' ? this.#cookies.map((cookie) => [name, cookie]) : [[name, value]]));
  }

  /** `[name, value]` with lower-case names in their order, with every cookie. */
  sorted() {
    this.#sorted ??= [...this.#entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, [, value]]) => (
        key === 'set-cookie' ? this.#cookies.map((cookie) => [key, cookie]) : [[key, value]]));
    return this.#sorted;
  }

  /** As an object, for looking at. */
  toObject() {
    return Object.fromEntries(this.#entries.values());
  }
}

let isHeaders;
let listOf;
let guardOf;
let makeHeaders;

function requireName(name, prefix) {
  if (!isToken(name)) throw failure(prefix, `"${name}" is an invalid header name.`);
}

function requireValue(value, prefix) {
  if (!isValue(value)) throw failure(prefix, `"${value}" is an invalid header value.`);
}

/** What a program gives for headers, as pairs. */
function headersInit(value, prefix = 'Headers constructor', argument = 'init') {
  if (!isObject(value)) {
    throw notConvertible('Headers constructor', 'Argument 1',
      ['sequence<sequence<ByteString>>', 'record<ByteString, ByteString>']);
  }
  const iterate = value[Symbol.iterator];
  if (iterate === Headers.prototype.entries && isHeaders(value)) return listOf(value).pairs();
  if (typeof iterate !== 'function') return record(value, prefix, argument);
  const pair = (item, ...place) => sequence(byteString, item, ...place);
  return sequence(pair, value, prefix, argument, () => Reflect.apply(iterate, value, []));
}

class Headers {
  #list = new HeaderList();
  #guard = 'none';

  constructor(init = undefined) {
    if (init !== undefined) this.#fill(headersInit(init, 'Headers contructor'));
  }

  #fill(pairs) {
    for (const pair of pairs) {
      if (pair.length !== 2) {
        throw failure('Headers constructor', `expected name/value pair to be length 2, found ${pair.length}.`);
      }
      this.#append(pair[0], pair[1]);
    }
  }

  #append(name, value) {
    value = trim(value);
    requireName(name, 'Headers.append');
    requireValue(value, 'Headers.append');
    this.#requireMutable();
    this.#list.append(name, value);
  }

  #requireMutable() {
    if (this.#guard === 'immutable') throw new TypeError('immutable');
  }

  append(name, value) {
    requireBrand(isHeaders(this));
    const prefix = 'Headers.append';
    requireArguments(arguments.length, 2, prefix);
    this.#append(byteString(name, prefix, 'name'), byteString(value, prefix, 'value'));
  }

  delete(name) {
    requireBrand(isHeaders(this));
    requireArguments(arguments.length, 1, 'Headers.delete');
    name = byteString(name, 'Headers.delete', 'name');
    requireName(name, 'Headers.delete');
    this.#requireMutable();
    this.#list.delete(name);
  }

  get(name) {
    requireBrand(isHeaders(this));
    requireArguments(arguments.length, 1, 'Headers.get');
    name = byteString(name, 'Headers.get', 'name');
    requireName(name, 'Headers.get');
    return this.#list.get(name);
  }

  has(name) {
    requireBrand(isHeaders(this));
    requireArguments(arguments.length, 1, 'Headers.has');
    name = byteString(name, 'Headers.has', 'name');
    requireName(name, 'Headers.has');
    return this.#list.has(name);
  }

  set(name, value) {
    requireBrand(isHeaders(this));
    const prefix = 'Headers.set';
    requireArguments(arguments.length, 2, prefix);
    name = byteString(name, prefix, 'name');
    value = trim(byteString(value, prefix, 'value'));
    requireName(name, prefix);
    requireValue(value, prefix);
    this.#requireMutable();
    this.#list.set(name, value);
  }

  getSetCookie() {
    requireBrand(isHeaders(this));
    return this.#list.cookies;
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    options.depth ??= depth;
    return `Headers ${require('internal/util/format').formatWithOptions(options, this.#list.toObject())}`;
  }

  static {
    isHeaders = (value) => isObject(value) && #list in value;
    listOf = (headers) => headers.#list;
    guardOf = (headers) => headers.#guard;
    makeHeaders = (list, guard, init) => {
      const made = new Headers();
      made.#list = list;
      if (init !== undefined) made.#fill(init);
      made.#guard = guard;
      return made;
    };
  }
}
finishClass(Headers, ['append', 'delete', 'get', 'has', 'set', 'getSetCookie'], 'Headers');
Object.defineProperty(Headers.prototype, Symbol.for('nodejs.util.inspect.custom'), { enumerable: false });
defineIteration(Headers, (headers) => {
  requireBrand(isHeaders(headers));
  return listOf(headers).sorted();
});

module.exports = { HeaderList, Headers, guardOf, headersInit, isToken, isValue, listOf, makeHeaders };
