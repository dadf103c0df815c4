'use strict';

// The older url.parse, url.format and url.resolve, which come from a time before the URL standard.

const { codes } = require('internal/errors');
const { validateString } = require('internal/validators');
const querystring = require('querystring');

const HOSTLESS = new Set(['javascript', 'javascript:']);
const SLASHED = new Set(['http', 'https', 'ftp', 'gopher', 'file', 'ws', 'wss'].flatMap((name) => [name, `${name}:`]));

const SPACE = /[\t\n\f\r \u00a0\ufeff]/;
const SIMPLE_PATH = /^(\/\/?(?!\/)[^?\s]*)(\?[^\s]*)?$/;
const FORBIDDEN_IN_HOST = /[\0\t\n\r #%/:<>?@[\\\]^|]/;
const FORBIDDEN_IN_IPV6 = /[\0\t\n\r #%/<>?@\\^|]/;
const MAX_HOSTNAME = 255;

function Url() {
  this.protocol = null;
  this.slashes = null;
  this.auth = null;
  this.host = null;
  this.port = null;
  this.hostname = null;
  this.hash = null;
  this.search = null;
  this.query = null;
  this.pathname = null;
  this.path = null;
  this.href = null;
}

/** Without surrounding white space, and with backslashes before the query as slashes. */
function normalizeInput(text) {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start])) start++;
  while (end > start && SPACE.test(text[end - 1])) end--;
  const trimmed = text.slice(start, end);
  const split = trimmed.search(/[?#]/);
  if (split === -1) return trimmed.replaceAll('\\', '/');
  return trimmed.slice(0, split).replaceAll('\\', '/') + trimmed.slice(split);
}

/** Where the authority ends, where the last `@` in it is, and where its first character that no host has. */
function scanAuthority(rest) {
  let at = -1;
  let odd = -1;
  for (let index = 0; index < rest.length; index++) {
    const character = rest[index];
    if ('#/?'.includes(character)) return { end: index, at, odd };
    if (character === '@') {
      at = index;
      odd = -1; // What came before was the user's name.
    } else if (odd === -1 && ' "%\';<>\\^`{|}'.includes(character)) {
      odd = index;
    }
  }
  return { end: -1, at, odd };
}

function isIpv6(hostname) {
  return hostname[0] === '[' && hostname[hostname.length - 1] === ']';
}

function toAscii(hostname) {
  if (!/[^\0-\x7f]/.test(hostname)) return hostname;
  return binding('url').domainToAscii(hostname.toWellFormed());
}

Url.prototype.parse = function parse(url, parseQueryString, slashesDenoteHost) {
  validateString(url, 'url');
  let rest = normalizeInput(url);
  const hasHash = rest.includes('#');
  const hasAt = rest.includes('@');
  if (!slashesDenoteHost && !hasHash && !hasAt) {
    const simple = SIMPLE_PATH.exec(rest);
    if (simple !== null) return parseSimple(this, rest, simple, parseQueryString);
  }

  let protocol = /^[a-z0-9.+-]+:/i.exec(rest)?.[0];
  const lowerProtocol = protocol?.toLowerCase();
  if (protocol !== undefined) {
    this.protocol = lowerProtocol;
    rest = rest.slice(protocol.length);
  }
  let slashes = false;
  if (slashesDenoteHost || protocol !== undefined || /^\/\/[^@/]+@[^@/]+/.test(rest)) {
    slashes = rest.startsWith('//');
    if (slashes && !HOSTLESS.has(lowerProtocol)) {
      rest = rest.slice(2);
      this.slashes = true;
    }
  }
  if (!HOSTLESS.has(lowerProtocol) && (slashes || (protocol !== undefined && !SLASHED.has(protocol)))) {
    rest = parseAuthority(this, rest, url);
  }
  if (!HOSTLESS.has(lowerProtocol)) rest = escapeRest(rest);
  parseTail(this, rest, parseQueryString);
  if (SLASHED.has(lowerProtocol) && this.hostname && !this.pathname) this.pathname = '/';
  if (this.pathname || this.search) this.path = (this.pathname || '') + (this.search || '');
  this.href = this.format();
  return this;
};

function parseSimple(target, rest, [, pathname, search], parseQueryString) {
  target.path = rest;
  target.href = rest;
  target.pathname = pathname;
  if (search) {
    target.search = search;
    target.query = parseQueryString ? querystring.parse(search.slice(1)) : search.slice(1);
  } else if (parseQueryString) {
    target.search = null;
    target.query = { __proto__: null };
  }
  return target;
}

/** Takes user, host and port from the start of `rest`; gives what is left. */
function parseAuthority(target, rest, url) {
  // As in the standard, these are not there at all.
  rest = rest.replace(/^[^#/?]+/, (authority) => authority.replace(/[\t\n\r]/g, ''));
  const { end, at, odd } = scanAuthority(rest);
  let start = 0;
  if (at !== -1) {
    target.auth = decodeURIComponent(rest.slice(0, at));
    start = at + 1;
  }
  const hostEnd = odd === -1 ? (end === -1 ? rest.length : end) : odd;
  target.host = rest.slice(start, hostEnd);
  rest = rest.slice(hostEnd);
  target.parseHost();
  if (typeof target.hostname !== 'string') target.hostname = '';
  const { hostname } = target;
  const ipv6 = isIpv6(hostname);
  if (!ipv6) {
    const invalid = hostname.search(/[/\\#?:]/);
    if (invalid !== -1) {
      target.hostname = hostname.slice(0, invalid);
      rest = `/${hostname.slice(invalid)}${rest}`;
    }
  }
  target.hostname = target.hostname.length > MAX_HOSTNAME ? '' : target.hostname.toLowerCase();
  if (target.hostname !== '') {
    if (ipv6) {
      if (FORBIDDEN_IN_IPV6.test(target.hostname)) throw new codes.ERR_INVALID_URL(url);
    } else {
      target.hostname = toAscii(target.hostname);
      // An empty or forbidden result would let another host be named than the one that is asked.
      if (target.hostname === '' || FORBIDDEN_IN_HOST.test(target.hostname)) throw new codes.ERR_INVALID_URL(url);
    }
  }
  target.host = (target.hostname || '') + (target.port ? `:${target.port}` : '');
  if (ipv6) {
    target.hostname = target.hostname.slice(1, -1);
    if (rest[0] !== '/') rest = `/${rest}`;
  }
  return rest;
}

function escapeRest(rest) {
  return rest.replace(/[\t\n\r "'<>\\^`{|}]/g, (character) => (
    `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`));
}

function parseTail(target, rest, parseQueryString) {
  const hash = rest.indexOf('#');
  const question = rest.slice(0, hash === -1 ? rest.length : hash).indexOf('?');
  if (hash !== -1) target.hash = rest.slice(hash);
  const tailEnd = hash === -1 ? rest.length : hash;
  if (question !== -1) {
    target.search = rest.slice(question, tailEnd);
    target.query = rest.slice(question + 1, tailEnd);
    if (parseQueryString) target.query = querystring.parse(target.query);
  } else if (parseQueryString) {
    target.search = null;
    target.query = { __proto__: null };
  }
  const pathEnd = question !== -1 ? question : tailEnd;
  if (pathEnd > 0) target.pathname = rest.slice(0, pathEnd);
}

function urlParse(url, parseQueryString, slashesDenoteHost) {
  if (url instanceof Url) return url;
  return new Url().parse(url, parseQueryString, slashesDenoteHost);
}

/** The user part, in which a colon may stay. */
function encodeAuth(text) {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}

Url.prototype.format = function format() {
  const auth = this.auth ? `${encodeAuth(this.auth)}@` : '';
  let protocol = this.protocol || '';
  let pathname = this.pathname || '';
  let hash = this.hash || '';
  let host = '';
  if (this.host) {
    host = auth + this.host;
  } else if (this.hostname) {
    const bracketed = this.hostname.includes(':') && !isIpv6(this.hostname);
    host = auth + (bracketed ? `[${this.hostname}]` : this.hostname);
    if (this.port) host += `:${this.port}`;
  }
  const query = this.query !== null && typeof this.query === 'object' ? querystring.stringify(this.query) : '';
  let search = this.search || (query && `?${query}`) || '';
  if (protocol && !protocol.endsWith(':')) protocol += ':';
  pathname = pathname.replace(/[#?]/g, (character) => (character === '#' ? '%23' : '%3F'));
  if (this.slashes || SLASHED.has(protocol)) {
    if (this.slashes || host) {
      if (pathname && pathname[0] !== '/') pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (protocol.startsWith('file')) {
      host = '//';
    }
  }
  search = search.replaceAll('#', '%23');
  if (hash && hash[0] !== '#') hash = `#${hash}`;
  if (search && search[0] !== '?') search = `?${search}`;
  return protocol + host + pathname + search + hash;
};

Url.prototype.parseHost = function parseHost() {
  let { host } = this;
  const port = /:[0-9]*$/.exec(host)?.[0];
  if (port !== undefined) {
    if (port !== ':') this.port = port.slice(1);
    host = host.slice(0, host.length - port.length);
  }
  if (host) this.hostname = host;
};

Url.prototype.resolve = function resolve(relative) {
  return this.resolveObject(urlParse(relative, false, true)).format();
};

function urlResolve(source, relative) {
  return urlParse(source, false, true).resolve(relative);
}

function urlResolveObject(source, relative) {
  return source ? urlParse(source, false, true).resolveObject(relative) : relative;
}

Url.prototype.resolveObject = function resolveObject(relative) {
  if (typeof relative === 'string') relative = new Url().parse(relative, false, true);
  return require('internal/url/resolve').resolveObject(Object.assign(new Url(), this), relative, SLASHED, HOSTLESS);
};

function whatwgFormat(url, options) {
  const { validateObject } = require('internal/validators');
  const choose = (name) => (options?.[name] === undefined ? undefined : Boolean(options[name]));
  if (options) validateObject(options, 'options');
  const result = new (require('internal/url').URL)(url.href);
  const unicode = choose('unicode') ?? false;
  if (choose('fragment') === false) result.hash = '';
  if (choose('search') === false) result.search = '';
  if (choose('auth') === false) {
    result.username = '';
    result.password = '';
  }
  if (!unicode || result.host === '') return result.href;
  // The host is what stands between the slashes, or the user part, and the port or path.
  const before = result.href.indexOf(result.host, result.protocol.length);
  const shown = binding('url').domainToUnicode(result.hostname);
  return result.href.slice(0, before) + shown + result.href.slice(before + result.hostname.length);
}

function urlFormat(urlObject, options) {
  if (typeof urlObject === 'string') return urlParse(urlObject).format();
  if (typeof urlObject !== 'object' || urlObject === null) {
    throw new codes.ERR_INVALID_ARG_TYPE('urlObject', ['Object', 'string'], urlObject);
  }
  if (require('internal/url').isUrl(urlObject)) return whatwgFormat(urlObject, options);
  return Url.prototype.format.call(urlObject);
}

module.exports = { Url, urlFormat, urlParse, urlResolve, urlResolveObject };
