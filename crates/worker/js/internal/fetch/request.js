'use strict';

// The class Request.

const { AbortController } = require('internal/abort_controller');
const { Body, bodyInit, defineReading, extractBody } = require('internal/fetch/body');
const {
  byteString, dictionary, domString, failure, isObject, requireArguments, requireBrand, usvString,
} = require('internal/fetch/convert');
const { HeaderList, guardOf, headersInit, isToken, makeHeaders } = require('internal/fetch/headers');
const { finishClass } = require('internal/webstreams/shared');
const { URL } = require('internal/url');

const NORMALIZED_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH'];
const kInternal = Symbol('internal');

let stateOf;

function isSignal(value) {
  return isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function';
}

function signalInit(value) {
  if (value !== null && !isSignal(value)) {
    throw new TypeError("Failed to construct 'Request': member signal is not of type AbortSignal.");
  }
  return value;
}

const MEMBERS = {
  method: byteString,
  headers: headersInit,
  body: (value, ...place) => (value === null ? null : bodyInit(value, ...place)),
  referrer: usvString,
  referrerPolicy: ['', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin',
    'origin-when-cross-origin', 'strict-origin-when-cross-origin', 'unsafe-url'],
  mode: ['navigate', 'same-origin', 'no-cors', 'cors'],
  credentials: ['omit', 'same-origin', 'include'],
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  redirect: ['follow', 'manual', 'error'],
  integrity: domString,
  keepalive: Boolean,
  signal: signalInit,
  window: (value) => value,
  duplex: ['half'],
};

const DEFAULTS = {
  method: 'GET',
  referrer: 'about:client',
  referrerPolicy: '',
  mode: 'cors',
  credentials: 'same-origin',
  cache: 'default',
  redirect: 'follow',
  integrity: '',
  keepalive: false,
};

function parseUrl(input) {
  let url;
  try {
    url = new URL(input);
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${input}`, { cause });
  }
  if (url.username || url.password) {
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${input}`);
  }
  return url;
}

function normalizeMethod(method) {
  const upper = method.toUpperCase();
  if (!isToken(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
  if (['CONNECT', 'TRACE', 'TRACK'].includes(upper)) throw new TypeError(`'${method}' HTTP method is unsupported.`);
  // All but `patch`, whose case the standard keeps.
  return NORMALIZED_METHODS.includes(upper) && upper !== 'PATCH' ? upper : method;
}

function parseReferrer(referrer) {
  if (referrer === '') return '';
  try {
    const { href } = new URL(referrer);
    return href;
  } catch (cause) {
    throw new TypeError(`Referrer "${referrer}" is not a valid URL.`, { cause });
  }
}

/** Aborted signals of requests that nobody holds any more need not be followed. */
const followers = new FinalizationRegistry(({ source, listener }) => source.removeEventListener('abort', listener));

/** Aborts `controller`, as long as somebody holds it, when `source` is aborted. */
function follow(controller, source) {
  if (source.aborted) {
    controller.abort(source.reason);
    return;
  }
  const reference = new WeakRef(controller);
  const listener = () => reference.deref()?.abort(source.reason);
  source.addEventListener('abort', listener, { once: true });
  followers.register(controller, { source, listener });
}

class Request {
  #state;
  #headers;
  #controller = new AbortController();

  constructor(input, init = {}) {
    if (input === kInternal) return;
    const prefix = 'Request constructor';
    requireArguments(arguments.length, 1, prefix);
    const source = stateOf(input);
    const text = source === undefined ? usvString(input) : undefined;
    const settings = dictionary(init, prefix, 'init', MEMBERS);
    if (settings.window != null) throw new TypeError("'window' option 'client' must be null");

    const before = source ?? { ...DEFAULTS, url: parseUrl(text), body: null, headers: new HeaderList() };
    const state = { ...before, headers: HeaderList.from(before.headers), isAborted: false };
    this.#state = state;
    if (Object.keys(settings).length > 0) Object.assign(state, { referrer: 'about:client', referrerPolicy: '' });
    if (settings.referrer !== undefined) state.referrer = parseReferrer(settings.referrer);
    if (settings.mode === 'navigate') throw failure(prefix, 'invalid request mode navigate.');
    for (const name of ['referrerPolicy', 'mode', 'credentials', 'cache', 'redirect', 'integrity', 'keepalive']) {
      if (settings[name] !== undefined) state[name] = settings[name];
    }
    if (state.cache === 'only-if-cached' && state.mode !== 'same-origin') {
      throw new TypeError("'only-if-cached' can be set only with 'same-origin' mode");
    }
    if (settings.method !== undefined) state.method = normalizeMethod(settings.method);

    const signal = settings.signal === undefined && source !== undefined ? input.signal : settings.signal;
    if (signal != null) follow(this.#controller, signal);

    if (settings.mode === 'no-cors' && !['GET', 'HEAD', 'POST'].includes(state.method)) {
      throw new TypeError(`'${state.method} is unsupported in no-cors mode.`);
    }
    if (settings.headers !== undefined) state.headers.clear();
    const guard = settings.mode === 'no-cors' ? 'request-no-cors' : 'request';
    this.#headers = makeHeaders(state.headers, guard, settings.headers);
    this.#takeBody(settings, source);
  }

  #takeBody(settings, source) {
    const state = this.#state;
    state.body = null;
    const old = source?.body ?? null;
    if ((settings.body != null || old !== null) && (state.method === 'GET' || state.method === 'HEAD')) {
      throw new TypeError('Request with GET/HEAD method cannot have body.');
    }
    if (settings.body != null) {
      const [body, type] = extractBody(settings.body, state.keepalive);
      if (type !== null && !state.headers.has('content-type')) this.#headers.append('content-type', type);
      if (body.source === null && settings.duplex === undefined) {
        throw new TypeError('RequestInit: duplex option is required when sending a body.');
      }
      state.body = body;
    } else if (old !== null) {
      if (old.isUnusable) {
        throw new TypeError('Cannot construct a Request with a Request object that has already been used.');
      }
      const { TransformStream } = require('internal/webstreams/transform');
      state.body = new Body(old.stream.pipeThrough(new TransformStream()), old.source, old.length);
    }
    if (state.body !== null && state.body.source === null && !['same-origin', 'cors'].includes(state.mode)) {
      throw new TypeError('If request is made from ReadableStream, mode should be "same-origin" or "cors"');
    }
  }

  get method() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.method;
  }

  get url() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.url.href;
  }

  get headers() {
    requireBrand(stateOf(this) !== undefined);
    return this.#headers;
  }

  get destination() {
    requireBrand(stateOf(this) !== undefined);
    return '';
  }

  get referrer() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.referrer;
  }

  get referrerPolicy() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.referrerPolicy;
  }

  get mode() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.mode;
  }

  get credentials() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.credentials;
  }

  get cache() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.cache;
  }

  get redirect() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.redirect;
  }

  get integrity() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.integrity;
  }

  get keepalive() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.keepalive;
  }

  get isReloadNavigation() {
    requireBrand(stateOf(this) !== undefined);
    return false;
  }

  get isHistoryNavigation() {
    requireBrand(stateOf(this) !== undefined);
    return false;
  }

  get signal() {
    requireBrand(stateOf(this) !== undefined);
    return this.#controller.signal;
  }

  get body() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.body?.stream ?? null;
  }

  get bodyUsed() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.body?.isUsed ?? false;
  }

  get duplex() {
    requireBrand(stateOf(this) !== undefined);
    return 'half';
  }

  clone() {
    requireBrand(stateOf(this) !== undefined);
    const { body } = this.#state;
    if (body?.isUnusable) throw new TypeError('unusable');
    const state = { ...this.#state, body: body?.clone() ?? null, headers: HeaderList.from(this.#state.headers) };
    const made = new Request(kInternal);
    made.#state = state;
    made.#headers = makeHeaders(state.headers, guardOf(this.#headers));
    follow(made.#controller, this.signal);
    return made;
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    options.depth ??= 2;
    const shown = {};
    for (const name of ['method', 'url', 'headers', 'destination', 'referrer', 'referrerPolicy', 'mode', 'credentials',
      'cache', 'redirect', 'integrity', 'keepalive', 'isReloadNavigation', 'isHistoryNavigation', 'signal']) {
      shown[name] = this[name];
    }
    return `Request ${require('internal/util/format').formatWithOptions(options, shown)}`;
  }

  static {
    stateOf = (value) => (isObject(value) && #state in value ? value.#state : undefined);
  }
}
defineReading(Request, (value) => stateOf(value));
finishClass(Request, [
  'method', 'url', 'headers', 'redirect', 'clone', 'signal', 'duplex', 'destination', 'body', 'bodyUsed',
  'isHistoryNavigation', 'isReloadNavigation', 'keepalive', 'integrity', 'cache', 'credentials', 'referrerPolicy',
  'referrer', 'mode',
], 'Request');
Object.defineProperty(Request.prototype, Symbol.for('nodejs.util.inspect.custom'), { enumerable: false });

module.exports = { Request, stateOf };
