'use strict';

// The class Response.

const { bodyInit, defineReading, extractBody } = require('internal/fetch/body');
const {
  byteString, dictionary, failure, isObject, requireArguments, requireBrand, unsignedShort, usvString,
} = require('internal/fetch/convert');
const { HeaderList, guardOf, headersInit, makeHeaders } = require('internal/fetch/headers');
const { finishClass } = require('internal/webstreams/shared');
const { URL } = require('internal/url');

const NULL_BODY_STATUS = [101, 204, 205, 304];
const REDIRECT_STATUS = [301, 302, 303, 307, 308];
const kInternal = Symbol('internal');

let stateOf;
let makeResponse;

function responseInit(init) {
  const made = dictionary(init, undefined, undefined, {
    status: unsignedShort,
    statusText: byteString,
    headers: (value) => headersInit(value, undefined, undefined),
  });
  return { status: 200, statusText: '', ...made };
}

/** What a response starts with: `body`, `headers`, `isAborted`, and what its members give. */
function newState(init) {
  return {
    body: null,
    headers: new HeaderList(),
    isAborted: false,
    status: 200,
    statusText: '',
    type: 'default',
    urls: [],
    ...init,
  };
}

class Response {
  #state;
  #headers;

  static error() {
    return makeResponse(newState({ type: 'error', status: 0 }), 'immutable');
  }

  static json(data, init = {}) {
    requireArguments(arguments.length, 1, 'Response.json');
    const settings = responseInit(init);
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('Value is not JSON serializable');
    const made = new Response();
    made.#initialize(settings, [extractBody(text)[0], 'application/json']);
    return made;
  }

  static redirect(url, status = 302) {
    requireArguments(arguments.length, 1, 'Response.redirect');
    url = usvString(url);
    status = unsignedShort(status);
    let parsed;
    try {
      parsed = new URL(url);
    } catch (cause) {
      throw new TypeError(`Failed to parse URL from ${url}`, { cause });
    }
    if (!REDIRECT_STATUS.includes(status)) throw new RangeError(`Invalid status code ${status}`);
    const state = newState({ status });
    state.headers.append('location', parsed.href);
    return makeResponse(state, 'immutable');
  }

  constructor(body = null, init = {}) {
    if (body === kInternal) return;
    if (body !== null) body = bodyInit(body);
    const settings = responseInit(init);
    this.#initialize(settings, body === null ? null : extractBody(body));
  }

  #initialize({ status, statusText, headers }, content) {
    if (status < 200 || status > 599) {
      throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    }
    if (/[^\t\x20-\x7e\x80-\xff]/.test(statusText)) throw new TypeError('Invalid statusText');
    this.#state = newState({ status, statusText });
    this.#headers = makeHeaders(this.#state.headers, 'response', headers);
    if (content === null) return;
    const [body, type] = content;
    if (NULL_BODY_STATUS.includes(status)) {
      throw failure('Response constructor', `Invalid response status code ${status}`);
    }
    this.#state.body = body;
    if (type !== null && !this.#state.headers.has('content-type')) this.#state.headers.append('content-type', type);
  }

  get type() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.type;
  }

  get url() {
    requireBrand(stateOf(this) !== undefined);
    const last = this.#state.urls.at(-1);
    return last === undefined ? '' : last.href.slice(0, last.href.length - last.hash.length);
  }

  get redirected() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.urls.length > 1;
  }

  get status() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.status;
  }

  get ok() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.status >= 200 && this.#state.status <= 299;
  }

  get statusText() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.statusText;
  }

  get headers() {
    requireBrand(stateOf(this) !== undefined);
    return this.#headers;
  }

  get body() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.body?.stream ?? null;
  }

  get bodyUsed() {
    requireBrand(stateOf(this) !== undefined);
    return this.#state.body?.isUsed ?? false;
  }

  clone() {
    requireBrand(stateOf(this) !== undefined);
    const { body } = this.#state;
    if (body?.isUnusable) throw failure('Response.clone', 'Body has already been consumed.');
    const state = { ...this.#state, body: body?.clone() ?? null, headers: HeaderList.from(this.#state.headers) };
    return makeResponse(state, guardOf(this.#headers));
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    options.depth ??= 2;
    const { status, statusText, headers, body, bodyUsed, ok, redirected, type, url } = this;
    const shown = { status, statusText, headers, body, bodyUsed, ok, redirected, type, url };
    return `Response ${require('internal/util/format').formatWithOptions(options, shown)}`;
  }

  static {
    stateOf = (value) => (isObject(value) && #state in value ? value.#state : undefined);
    makeResponse = (state, guard) => {
      const made = new Response(kInternal);
      made.#state = state;
      made.#headers = makeHeaders(state.headers, guard);
      return made;
    };
  }
}
defineReading(Response, (value) => stateOf(value));
finishClass(Response, [
  'type', 'url', 'status', 'ok', 'redirected', 'statusText', 'headers', 'clone', 'body', 'bodyUsed',
], 'Response');
for (const name of ['json', 'redirect', 'error']) Object.defineProperty(Response, name, { enumerable: true });
Object.defineProperty(Response.prototype, Symbol.for('nodejs.util.inspect.custom'), { enumerable: false });

module.exports = { NULL_BODY_STATUS, REDIRECT_STATUS, Response, makeResponse, newState };
