'use strict';

// http.ClientRequest: a request that the runtime makes.

const { Buffer } = require('buffer');
const { Writable } = require('stream');
const { AbortError, codes } = require('internal/errors');
const { globalAgent } = require('internal/http/agent');
const { IncomingMessage } = require('internal/http/incoming');
const { isToken, validateHeaderName, validateHeaderValue } = require('internal/http/names');
const { OutgoingMessage } = require('internal/http/outgoing');
const { ExchangeSocket } = require('internal/http/socket');
const { Exchange } = require('internal/network/exchange');
const { fail } = require('internal/unsupported');
const { URL } = require('internal/url');
const { urlToHttpOptions } = require('url');
const { validateAbortSignal, validateBoolean, validateInteger, validateNumber } = require('internal/validators');

/** Methods whose requests have no body unless they say so. */
const WITHOUT_BODY = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];

const kExchange = Symbol('exchange');
const kRawHeaders = Symbol('raw headers');

function hungUp(message) {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** `(url, options, callback)`, of which the url or the options may be missing, as `[options, callback]`. */
function readArguments(input, options, callback) {
  if (typeof input === 'string') input = urlToHttpOptions(new URL(input));
  else if (input instanceof URL) input = urlToHttpOptions(input);
  else [callback, options, input] = [options, input, null];
  if (typeof options === 'function') return [input ?? {}, options];
  return [Object.assign(input ?? {}, options), callback];
}

function validateHost(host, name) {
  if (host != null && typeof host !== 'string') {
    throw new codes.ERR_INVALID_ARG_TYPE(`options.${name}`, ['string', 'undefined', 'null'], host);
  }
  return host;
}

function chooseAgent({ agent, createConnection, _defaultAgent = globalAgent }) {
  if (agent === false) return new _defaultAgent.constructor();
  if (agent == null) {
    if (typeof createConnection === 'function') throw fail('http', 'request.createConnection');
    return _defaultAgent;
  }
  if (typeof agent.addRequest !== 'function') {
    throw new codes.ERR_INVALID_ARG_TYPE('options.agent', ['Agent-like Object', 'undefined', 'false'], agent);
  }
  return agent;
}

function methodOf({ method }) {
  if (method != null && typeof method !== 'string') {
    throw new codes.ERR_INVALID_ARG_TYPE('options.method', 'string', method);
  }
  if (!method) return 'GET';
  if (!isToken(method)) throw new codes.ERR_INVALID_HTTP_TOKEN('Method', method);
  return method.toUpperCase();
}

/** What the `Host` header says of a host and a port. */
function hostHeader(host, port, defaultPort) {
  const isBareIpv6 = host.split(':').length > 2 && !host.startsWith('[');
  const name = isBareIpv6 ? `[${host}]` : host;
  return port && Number(port) !== defaultPort ? `${name}:${port}` : name;
}

function ClientRequest(input, options, callback) {
  OutgoingMessage.call(this);
  [options, callback] = readArguments(input, options, callback);
  const defaultAgent = options._defaultAgent ?? globalAgent;
  const agent = chooseAgent(options);
  const protocol = options.protocol || defaultAgent.protocol;
  const expected = agent.protocol || defaultAgent.protocol;
  if (options.path && /[^\u0021-\u00ff]/.test(String(options.path))) {
    throw new codes.ERR_UNESCAPED_CHARACTERS('Request path');
  }
  if (protocol !== expected) throw new codes.ERR_INVALID_PROTOCOL(protocol, expected);
  if (options.socketPath) throw fail('http', 'request.socketPath');
  const defaultPort = options.defaultPort || agent.defaultPort;
  const port = options.port || defaultPort || 80;
  const host = validateHost(options.hostname, 'hostname') || validateHost(options.host, 'host') || 'localhost';

  this.agent = agent;
  this.method = methodOf(options);
  if (this.method === 'CONNECT') throw fail('http', 'request.CONNECT');
  if (options.maxHeaderSize !== undefined) validateInteger(options.maxHeaderSize, 'maxHeaderSize', 0);
  this.maxHeaderSize = options.maxHeaderSize;
  if (options.joinDuplicateHeaders !== undefined) {
    validateBoolean(options.joinDuplicateHeaders, 'options.joinDuplicateHeaders');
  }
  this.joinDuplicateHeaders = options.joinDuplicateHeaders;
  this.path = options.path || '/';
  this.host = host;
  this.protocol = protocol;
  this.useChunkedEncodingByDefault = !WITHOUT_BODY.includes(this.method);
  this.res = null;
  this.aborted = false;
  this.reusedSocket = false;
  this.maxHeadersCount = null;
  this.socketPath = undefined;
  if (callback) this.once('response', callback);
  if (options.timeout !== undefined) {
    validateNumber(options.timeout, 'timeout', 0);
    this.timeout = options.timeout;
  }
  if (options.signal) this._follow(options.signal);
  this._takeHeaders(options, hostHeader(host, port, defaultPort));
  agent.addRequest(this, { ...options, host, port });
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);

/** Destroys the request when `signal` is aborted. */
ClientRequest.prototype._follow = function _follow(signal) {
  validateAbortSignal(signal, 'signal');
  const abort = () => this.destroy(new AbortError(undefined, { cause: signal.reason }));
  if (signal.aborted) {
    abort();
    return;
  }
  signal.addEventListener('abort', abort);
  this.once('close', () => signal.removeEventListener('abort', abort));
};

ClientRequest.prototype._takeHeaders = function _takeHeaders({ headers, auth, setHost }, host) {
  if (Array.isArray(headers)) {
    this[kRawHeaders] = headers.flat();
    for (let index = 0; index < this[kRawHeaders].length; index += 2) {
      validateHeaderName(this[kRawHeaders][index]);
      validateHeaderValue(...this[kRawHeaders].slice(index, index + 2));
    }
    return;
  }
  for (const name of Object.keys(headers ?? {})) this.setHeader(name, headers[name]);
  if (!this.getHeader('host') && (setHost === undefined || setHost)) this.setHeader('Host', host);
  if (auth && !this.getHeader('Authorization')) {
    this.setHeader('Authorization', `Basic ${Buffer.from(auth).toString('base64')}`);
  }
};

/** Makes what stands for the connection; the request goes out with its first byte. */
ClientRequest.prototype._connect = function _connect({ host, port }) {
  this._place = { host, port: Number(port), isSecure: this.protocol === 'https:' };
  process.nextTick(() => {
    if (this.destroyed) return;
    this.socket = new ExchangeSocket(this._place);
    this.socket._httpMessage = this;
    this.socket.on('timeout', () => this.emit('timeout'));
    const destroySocket = this.socket._destroy;
    this.socket._destroy = (error, callback) => {
      Reflect.apply(destroySocket, this.socket, [null, callback]);
      if (!this._closed) this.destroy(error ?? undefined);
    };
    if (this.timeout !== undefined) this.socket.setTimeout(this.timeout);
    this.emit('socket', this.socket);
    if (this.getHeader('expect')) this.flushHeaders();
  });
};

/**
 * Sends the head. `length` is that of the body if it is known, -1 if there is one whose length is not; undefined if
 * nothing is known.
 */
ClientRequest.prototype._implicitHeader = function _implicitHeader(length = undefined) {
  if (this._header !== null) throw new codes.ERR_HTTP_HEADERS_SENT('render');
  const headers = this[kRawHeaders] ?? this._headerLines();
  const declared = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-length');
  let bodyLength = declared === -1 ? length : Number(headers[declared + 1]);
  // Requests that have no body by custom do not say that they have none.
  if (declared === -1 && !this.useChunkedEncodingByDefault && !bodyLength) bodyLength = null;
  bodyLength ??= bodyLength === undefined ? -1 : null;
  this.chunkedEncoding = bodyLength === -1;
  this._hasBody = bodyLength !== null;
  this._header = `${this.method} ${this.path} HTTP/1.1\r\n`;
  const { host, port, isSecure: secure } = this._place;
  this[kExchange] = new Exchange({
    secure, host, port, method: this.method, target: String(this.path), headers, length: bodyLength,
  }, {
    onConnect: () => this.socket?._connected(),
    onInformation: (head) => this._inform(head),
    onHead: (head) => this._respond(head),
    onData: (bytes) => {
      this.socket?._touch();
      return this.res.push(Buffer.from(bytes.buffer)) || this.res._dumped;
    },
    onEnd: (trailers) => this._complete(trailers),
    onError: (error) => this._fail(error),
  });
};

ClientRequest.prototype._inform = function _inform({ status, statusText, minorVersion, headers }) {
  this.socket?._touch();
  if (status === 100) this.emit('continue');
  const view = new IncomingMessage();
  view.rawHeaders = headers;
  this.emit('information', {
    statusCode: status,
    statusMessage: statusText,
    httpVersion: `1.${minorVersion}`,
    httpVersionMajor: 1,
    httpVersionMinor: minorVersion,
    headers: view.headers,
    rawHeaders: headers,
  });
};

ClientRequest.prototype._respond = function _respond({ status, statusText, minorVersion, headers }) {
  const response = new IncomingMessage(this.socket ?? undefined);
  response.httpVersionMajor = 1;
  response.httpVersionMinor = minorVersion;
  response.httpVersion = `1.${minorVersion}`;
  response.statusCode = status;
  response.statusMessage = statusText;
  response.rawHeaders = headers;
  response.joinDuplicateHeaders = this.joinDuplicateHeaders;
  response.upgrade = false;
  response.req = this;
  this.res = response;
  this.socket?._touch();
  if (this.aborted || !this.emit('response', response)) response._dump();
};

ClientRequest.prototype._complete = function _complete(trailers) {
  const { res } = this;
  res.complete = true;
  res.rawTrailers = trailers;
  res.push(null);
  const close = () => this._close();
  if (res.closed) process.nextTick(close);
  else res.once('close', close);
};

/** The exchange is over before its end. */
ClientRequest.prototype._fail = function _fail(error) {
  if (this._closed) return;
  this.destroyed = true;
  if (this.res !== null) this.res.destroy(hungUp('aborted'));
  else this._tell(error);
  process.nextTick(() => this._close());
};

/** Emits the only error that a request has. */
ClientRequest.prototype._tell = function _tell(error) {
  if (this._hadError) return;
  this._hadError = true;
  this.emit('error', error);
};

ClientRequest.prototype._close = function _close() {
  if (this._closed) return;
  this._closed = true;
  this.destroyed = true;
  this[kExchange]?.abort();
  this.socket?.destroy();
  this.emit('close');
};

ClientRequest.prototype._resume = function _resume() {
  this[kExchange]?.resume();
};

/** The reader of the response has gone. */
ClientRequest.prototype._abandon = function _abandon() {
  if (this._closed) return;
  this[kExchange]?.abort();
  this.destroyed = true;
  process.nextTick(() => this._close());
};

ClientRequest.prototype.abort = function abort() {
  if (this.aborted) return;
  this.aborted = true;
  process.nextTick(() => this.emit('abort'));
  this.destroy();
};

ClientRequest.prototype.destroy = function destroy(error = undefined) {
  if (this.destroyed) return this;
  this.destroyed = true;
  this[kExchange]?.abort();
  if (this.res !== null) this.res._dump();
  process.nextTick(() => {
    if (this.res === null) this._tell(error ?? hungUp('socket hang up'));
    else if (!this.res.complete) this.res.destroy(error ?? hungUp('aborted'));
    else if (error !== undefined) this._tell(error);
    this._close();
  });
  return this;
};

// The stream below knows nothing of connections: whether the request is destroyed is said here.
Object.defineProperty(ClientRequest.prototype, 'destroyed', {
  configurable: true,
  get() {
    return this._isDestroyed ?? false;
  },
  set(value) {
    Object.defineProperty(this, '_isDestroyed', { value, writable: true, configurable: true });
  },
});

ClientRequest.prototype.end = function end(chunk, encoding, callback) {
  if (typeof chunk === 'function') [callback, chunk, encoding] = [chunk, null, null];
  else if (typeof encoding === 'function') [callback, encoding] = [encoding, null];
  if (this._header === null && !this.destroyed && !this.finished) {
    const isBytes = typeof chunk === 'string' || ArrayBuffer.isView(chunk);
    // Headers that are complete from the start are sent as if nothing were known.
    const isComplete = this[kRawHeaders] !== undefined || this.getHeader('expect');
    if (isComplete) this._implicitHeader();
    else if (chunk == null || isBytes) this._implicitHeader(chunk == null ? 0 : Buffer.byteLength(chunk, encoding ?? 'utf8'));
  }
  Writable.prototype.end.call(this, chunk, encoding, callback);
  this.finished = true;
  return this;
};

ClientRequest.prototype._write = function _write(chunk, encoding, callback) {
  if (this._header === null && !this.destroyed) this._implicitHeader(-1);
  if (this.destroyed || !this._hasBody) {
    callback();
    return;
  }
  this.socket?._touch();
  this[kExchange].write(chunk, callback);
};

ClientRequest.prototype._final = function _final(callback) {
  if (!this.destroyed) {
    if (this._header === null) this._implicitHeader(0);
    if (this._hasBody) this[kExchange].finish();
  }
  callback();
};

ClientRequest.prototype.setTimeout = function setTimeout(milliseconds, callback = undefined) {
  validateNumber(milliseconds, 'msecs', 0);
  this.timeout = milliseconds;
  if (callback !== undefined) this.once('timeout', callback);
  this.socket?.setTimeout(milliseconds);
  return this;
};

ClientRequest.prototype.clearTimeout = function clearTimeout(callback) {
  return this.setTimeout(0, callback);
};

ClientRequest.prototype.setNoDelay = function setNoDelay() {};
ClientRequest.prototype.setSocketKeepAlive = function setSocketKeepAlive() {};
ClientRequest.prototype.onSocket = function onSocket() {
  throw fail('http', 'ClientRequest.onSocket');
};

module.exports = { ClientRequest };
