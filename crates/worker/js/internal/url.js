'use strict';

// The class URL over the WHATWG parser in Rust.

const { codes } = require('internal/errors');
const { URLSearchParams, replaceContents, setOwner } = require('internal/url/search_params');

const kInspect = Symbol.for('nodejs.util.inspect.custom');
// The order in which the parser gives the parts.
const [HREF, PROTOCOL, USERNAME, PASSWORD, HOST, HOSTNAME, PORT, PATHNAME, SEARCH, HASH] = Array(10).keys();

function text(value) {
  return `${value}`.toWellFormed();
}

function parse(input, base) {
  return binding('url').parse(text(input), base === undefined ? undefined : text(base));
}

let isUrl;
let partOf;

class URL {
  #parts;
  #searchParams;

  constructor(input, base = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('url');
    input = `${input}`;
    if (base !== undefined) base = `${base}`;
    const parts = parse(input, base);
    if (parts === undefined) throw new codes.ERR_INVALID_URL(input, base);
    this.#parts = parts;
  }

  static parse(input, base = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('url');
    return URL.canParse(input, base) ? new URL(input, base) : null;
  }

  static canParse(input, base = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('url');
    return binding('url').canParse(text(input), base === undefined ? undefined : text(base));
  }

  static createObjectURL(object) {
    return require('internal/blob').createObjectURL(object);
  }

  static revokeObjectURL(url) {
    require('internal/blob').revokeObjectURL(`${url}`);
  }

  #change(name, value) {
    const parts = binding('url').change(partOf(this, HREF), name, text(value));
    if (parts !== undefined) this.#parts = parts;
  }

  toString() {
    return partOf(this, HREF);
  }

  get href() {
    return partOf(this, HREF);
  }

  set href(value) {
    value = `${value}`;
    partOf(this, HREF);
    const parts = parse(value);
    if (parts === undefined) throw new codes.ERR_INVALID_URL(value);
    this.#parts = parts;
    this.#refreshParams();
  }

  get origin() {
    return binding('url').origin(partOf(this, HREF));
  }

  get protocol() {
    return partOf(this, PROTOCOL);
  }

  set protocol(value) {
    this.#change('protocol', value);
  }

  get username() {
    return partOf(this, USERNAME);
  }

  set username(value) {
    this.#change('username', value);
  }

  get password() {
    return partOf(this, PASSWORD);
  }

  set password(value) {
    this.#change('password', value);
  }

  get host() {
    return partOf(this, HOST);
  }

  set host(value) {
    this.#change('host', value);
  }

  get hostname() {
    return partOf(this, HOSTNAME);
  }

  set hostname(value) {
    this.#change('hostname', value);
  }

  get port() {
    return partOf(this, PORT);
  }

  set port(value) {
    this.#change('port', value);
  }

  get pathname() {
    return partOf(this, PATHNAME);
  }

  set pathname(value) {
    this.#change('pathname', value);
  }

  get search() {
    return partOf(this, SEARCH);
  }

  set search(value) {
    this.#change('search', value);
    this.#refreshParams();
  }

  get searchParams() {
    const search = partOf(this, SEARCH);
    if (this.#searchParams === undefined) {
      this.#searchParams = new URLSearchParams(search);
      setOwner(this.#searchParams, (query) => this.#change('search', query));
    }
    return this.#searchParams;
  }

  get hash() {
    return partOf(this, HASH);
  }

  set hash(value) {
    this.#change('hash', value);
  }

  toJSON() {
    return partOf(this, HREF);
  }

  #refreshParams() {
    if (this.#searchParams !== undefined) replaceContents(this.#searchParams, this.#parts[SEARCH]);
  }

  [kInspect](depth, options) {
    if (typeof depth === 'number' && depth < 0) return this;
    const shown = {};
    for (const name of ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname',
      'search', 'searchParams', 'hash']) shown[name] = this[name];
    const { inspect } = require('internal/util/inspect');
    return `${this.constructor.name} ${inspect(shown, options)}`;
  }

  static {
    isUrl = (value) => typeof value === 'object' && value !== null && #parts in value;
    partOf = (url, index) => {
      if (!isUrl(url)) throw new TypeError('Receiver must be an instance of class URL');
      return url.#parts[index];
    };
  }
}

for (const name of ['toString', 'href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port',
  'pathname', 'search', 'searchParams', 'hash', 'toJSON']) {
  Object.defineProperty(URL.prototype, name, { enumerable: true });
}
for (const name of ['parse', 'canParse', 'createObjectURL', 'revokeObjectURL']) {
  Object.defineProperty(URL, name, { enumerable: true });
}
Object.defineProperty(URL.prototype, Symbol.toStringTag, { value: 'URL', configurable: true });

module.exports = { URL, URLSearchParams, isUrl };
