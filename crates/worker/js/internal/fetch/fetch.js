'use strict';

// fetch: the request, its redirects, and the response while it arrives.

const { Buffer } = require('buffer');
const { Readable, pipeline } = require('stream');
const { extractBody, readAll, Body } = require('internal/fetch/body');
const { HeaderList, isValue } = require('internal/fetch/headers');
const { Request, stateOf } = require('internal/fetch/request');
const { NULL_BODY_STATUS, REDIRECT_STATUS, makeResponse, newState } = require('internal/fetch/response');
const { Exchange } = require('internal/network/exchange');
const { kReason } = require('internal/network/failure');
const { isReadable } = require('internal/streams/predicates');
const { ReadableStream } = require('internal/webstreams/readable');
const { URL } = require('internal/url');

const MAX_REDIRECTS = 20;
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'];
const ORIGIN_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'host'];

/** Ports of other protocols, whose servers might take a request for something else: the standard's list. */
const BAD_PORTS = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
  6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** The names by which `fetch` of Node knows failures that other modules name otherwise. */
const ERRORS = {
  '__proto__': null,
  'hung-up': ['SocketError', 'UND_ERR_SOCKET', 'other side closed'],
  'response-truncated': ['SocketError', 'UND_ERR_SOCKET', 'other side closed'],
  'head-too-large': ['HeadersOverflowError', 'UND_ERR_HEADERS_OVERFLOW', 'Headers Overflow Error'],
  'connect-timeout': ['ConnectTimeoutError', 'UND_ERR_CONNECT_TIMEOUT', 'Connect Timeout Error'],
  'response-timeout': ['HeadersTimeoutError', 'UND_ERR_HEADERS_TIMEOUT', 'Headers Timeout Error'],
  'response-invalid': ['HTTPParserError', 'HPE_INVALID_CONSTANT', undefined],
};

function asFetchError(error) {
  const [name, code, message] = ERRORS[error[kReason]] ?? [];
  if (name === undefined) return error;
  const made = new Error(message ?? error.message);
  Object.defineProperty(made, 'name', { value: name, configurable: true, writable: true });
  made.code = code;
  return made;
}

function failed(cause) {
  return new TypeError('fetch failed', { cause: cause instanceof Error ? cause : new Error(cause) });
}

function isSameOrigin(a, b) {
  return a.protocol === b.protocol && a.host === b.host;
}

function isHttp(url) {
  return url.protocol === 'http:' || url.protocol === 'https:';
}

/** Where a response redirects to; null if it says nothing. */
function locationOf(headers, from) {
  const location = headers.get('location');
  if (location === null || !isValue(location)) return null;
  // Bytes that are no ASCII are UTF-8.
  const text = /[^\0-\x7f]/.test(location) ? Buffer.from(location, 'latin1').toString() : location;
  const url = new URL(text, from);
  if (url.hash === '') url.hash = from.hash;
  return url;
}

/** What goes out with a request besides what the program wants to. */
function completeHeaders(request, url) {
  const headers = HeaderList.from(request.headers);
  headers.delete('content-length');
  const absent = (name, value) => {
    if (!headers.has(name)) headers.append(name, value);
  };
  absent('accept', '*/*');
  absent('accept-language', '*');
  headers.set('sec-fetch-mode', request.mode);
  absent('user-agent', 'node');
  if (request.cache === 'no-cache') absent('cache-control', 'max-age=0');
  if (request.cache === 'no-store' || request.cache === 'reload') {
    absent('pragma', 'no-cache');
    absent('cache-control', 'no-cache');
  }
  if (headers.has('range')) headers.append('accept-encoding', 'identity');
  absent('accept-encoding', url.protocol === 'https:' ? 'br, gzip, deflate' : 'gzip, deflate');
  headers.delete('host');
  return headers;
}

/** One fetch, from the call to the end of the response's body. */
class Fetching {
  // Held so that its signal lives as long as the fetch does.
  #request;
  #state;
  #exchange;
  #incoming;
  #controller;
  #stream;
  #isAborted = false;
  #tainting = 'basic';
  /** Stops listening for the signal. */
  #finished = () => {};

  constructor(request) {
    this.#request = request;
    this.#state = { ...stateOf(request), headers: HeaderList.from(stateOf(request).headers) };
  }

  /** The response, as a promise. */
  run() {
    const { signal } = this.#request;
    const { promise, resolve, reject } = Promise.withResolvers();
    const abort = () => {
      this.#abort(signal.reason);
      reject(signal.reason);
    };
    if (signal.aborted) {
      abort();
      return promise;
    }
    signal.addEventListener('abort', abort, { once: true });
    this.#finished = () => signal.removeEventListener('abort', abort);
    this.#follow().then((state) => {
      if (state.body === null) this.#finished();
      if (!this.#isAborted) resolve(makeResponse(state, 'immutable'));
    }, (error) => {
      this.#finished();
      this.#exchange?.abort();
      reject(failed(error));
    });
    return promise;
  }

  #abort(reason) {
    this.#isAborted = true;
    this.#exchange?.abort();
    const { body } = this.#state;
    if (body !== null && isReadable(body.stream) && !body.stream.locked) body.stream.cancel(reason).catch(() => {});
    if (this.#stream !== undefined && isReadable(this.#stream)) this.#controller.error(reason);
    this.#incoming?.destroy();
  }

  /** The state of the response that the last redirect leads to. */
  async #follow() {
    const request = this.#state;
    const urls = [request.url];
    for (;;) {
      const url = urls.at(-1);
      const response = await this.#fetchOne(url, urls.length > 1);
      response.urls = urls;
      const location = REDIRECT_STATUS.includes(response.status) && request.redirect !== 'manual' ?
        this.#redirect(response, urls) : null;
      if (location === null) return this.#complete(response);
      urls.push(location);
    }
  }

  /** Prepares for following a redirect; null if there is nothing to follow. */
  #redirect(response, urls) {
    const request = this.#state;
    if (request.redirect === 'error') throw new Error('unexpected redirect');
    const from = urls.at(-1);
    const location = locationOf(response.headers, from);
    if (location === null) return null;
    this.#exchange.abort();
    if (!isHttp(location)) throw new Error('URL scheme must be a HTTP(S) scheme');
    if (urls.length > MAX_REDIRECTS) throw new Error('redirect count exceeded');
    const hasCredentials = location.username !== '' || location.password !== '';
    if (request.mode === 'cors' && hasCredentials && !isSameOrigin(request.url, location)) {
      throw new Error('cross origin not allowed for request mode "cors"');
    }
    const { status } = response;
    if (status !== 303 && request.body !== null && request.body.source === null) throw new Error('');
    if (([301, 302].includes(status) && request.method === 'POST') ||
      (status === 303 && !['GET', 'HEAD'].includes(request.method))) {
      request.method = 'GET';
      request.body = null;
      for (const name of BODY_HEADERS) request.headers.delete(name);
    }
    if (!isSameOrigin(from, location)) {
      for (const name of ORIGIN_HEADERS) request.headers.delete(name);
    }
    if (request.body !== null) request.body = request.body.again();
    return location;
  }

  /** The response of one URL. */
  async #fetchOne(url, isRedirected) {
    const request = this.#state;
    if (isHttp(url) && BAD_PORTS.has(Number(url.port))) throw new Error('bad port');
    if (isRedirected && !isSameOrigin(url, request.url)) {
      if (request.mode === 'same-origin') throw new Error('request mode cannot be "same-origin"');
      this.#tainting = request.mode === 'no-cors' ? 'opaque' : 'cors';
    }
    switch (url.protocol) {
      case 'http:':
      case 'https:':
        return this.#send(url);
      case 'data:': {
        const content = require('internal/fetch/data_url').readDataUrl(url);
        if (content === null) throw new Error('failed to fetch the data URL');
        const response = newState({ statusText: 'OK', body: extractBody(content.bytes)[0] });
        response.headers.append('Content-Type', content.type);
        return response;
      }
      case 'about:':
        throw new Error('about scheme is not supported');
      case 'blob:':
        throw new Error('invalid method');
      case 'file:':
        throw new Error('not implemented... yet...');
      default:
        throw new Error('unknown scheme');
    }
  }

  /** Sends the request, and waits for the head of the response. */
  #send(url) {
    const request = this.#state;
    const { body } = request;
    const headers = completeHeaders(request, url);
    return new Promise((resolve, reject) => {
      let incoming;
      const exchange = new Exchange({
        secure: url.protocol === 'https:',
        host: url.hostname,
        port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
        method: request.method,
        target: `${url.pathname}${url.search}`,
        headers: ['host', url.host, ...headers.pairs().flat()],
        length: body === null ? (['POST', 'PUT'].includes(request.method) ? 0 : null) : body.length ?? -1,
      }, {
        onHead: (head) => {
          incoming = new Readable({
            read: () => exchange.resume(),
            destroy(error, callback) {
              exchange.abort();
              callback(error);
            },
          });
          // Who reads the body learns of it.
          incoming.on('error', () => {});
          this.#incoming = incoming;
          resolve(this.#responseOf(head, incoming));
        },
        onData: (bytes) => incoming.push(bytes),
        onEnd: () => incoming.push(null),
        onError: (error) => {
          reject(asFetchError(error));
          incoming?.destroy(asFetchError(error));
        },
      });
      this.#exchange = exchange;
      if (body !== null) this.#sendBody(exchange, body).catch(reject);
    });
  }

  async #sendBody(exchange, body) {
    const write = (bytes) => new Promise((resolve) => exchange.write(bytes, resolve));
    if (body.source instanceof Uint8Array) {
      await write(body.source);
    } else {
      for await (const chunk of body.stream) {
        if (exchange.isClosed) return;
        // Throws for what is neither text nor bytes.
        if (Buffer.byteLength(chunk) > 0) await write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      }
    }
    exchange.finish();
  }

  #responseOf({ status, statusText, headers: raw }, incoming) {
    const headers = new HeaderList();
    for (let index = 0; index < raw.length; index += 2) headers.append(raw[index].toLowerCase(), raw[index + 1]);
    return newState({ status, statusText, headers, incoming });
  }

  /** Gives the response its body and its type. */
  async #complete(response) {
    const { incoming, headers, status } = response;
    const request = this.#state;
    if (incoming !== undefined) {
      delete response.incoming;
      const hasBody = !NULL_BODY_STATUS.includes(status) && request.method !== 'HEAD';
      if (hasBody) response.body = this.#bodyOf(incoming, headers.get('content-encoding'));
      else incoming.resume();
    }
    if (request.integrity !== '') {
      const bytes = response.body === null ? null : await readAll(response.body.stream);
      if (bytes === null || !require('internal/fetch/integrity').isIntact(bytes, request.integrity)) {
        throw new Error('integrity mismatch');
      }
      [response.body] = extractBody(bytes);
    }
    response.type = this.#tainting;
    return this.#tainting === 'opaque' ? newState({ type: 'opaque', status: 0 }) : response;
  }

  /** The body of a response, decoded, as a stream that is read as fast as the program wants it. */
  #bodyOf(incoming, contentEncoding) {
    const decoders = require('internal/fetch/encoding').decodersFor(contentEncoding);
    const decoded = decoders.length === 0 ? incoming : pipeline(incoming, ...decoders, () => {});
    const iterator = decoded[Symbol.asyncIterator]();
    const fail = (error) => {
      this.#finished();
      if (!this.#isAborted) this.#controller.error(new TypeError('terminated', { cause: error }));
    };
    this.#stream = new ReadableStream({
      type: 'bytes',
      start: (controller) => {
        this.#controller = controller;
      },
      pull: async (controller) => {
        try {
          const { done, value } = await iterator.next();
          if (this.#isAborted) return;
          if (!done) {
            controller.enqueue(new Uint8Array(value));
            return;
          }
        } catch (error) {
          fail(error);
          return;
        }
        this.#finished();
        controller.close();
        controller.byobRequest?.respond(0);
      },
      cancel: () => {
        this.#finished();
        this.#exchange.abort();
        decoded.destroy();
      },
    });
    return new Body(this.#stream);
  }
}

function fetch(input, init = undefined) {
  try {
    return new Fetching(new Request(input, init)).run();
  } catch (error) {
    return Promise.reject(error);
  }
}

module.exports = { fetch };
