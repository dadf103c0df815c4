'use strict';

// http.OutgoingMessage: headers, and a body that is written.

const { Writable } = require('stream');
const { codes } = require('internal/errors');
const { validateHeaderName, validateHeaderValue } = require('internal/http/names');
const { validateString } = require('internal/validators');

const kHeaders = Symbol('headers');

function OutgoingMessage() {
  Writable.call(this, { autoDestroy: false, emitClose: false });
  Object.defineProperty(this, kHeaders, { value: new Map() });
  this.finished = false;
  this.chunkedEncoding = false;
  this.shouldKeepAlive = true;
  this.useChunkedEncodingByDefault = true;
  this.sendDate = false;
  this.socket = null;
  this._header = null;
  this._trailers = [];
}
Object.setPrototypeOf(OutgoingMessage.prototype, Writable.prototype);
Object.setPrototypeOf(OutgoingMessage, Writable);

Object.defineProperty(OutgoingMessage.prototype, 'headersSent', {
  configurable: true,
  enumerable: true,
  get() {
    return this._header !== null;
  },
});

Object.defineProperty(OutgoingMessage.prototype, 'connection', {
  configurable: true,
  get() {
    return this.socket;
  },
  set(value) {
    this.socket = value;
  },
});

function requireUnsent(message, what) {
  if (message._header !== null) throw new codes.ERR_HTTP_HEADERS_SENT(what);
}

OutgoingMessage.prototype.setHeader = function setHeader(name, value) {
  requireUnsent(this, 'set');
  validateHeaderName(name);
  validateHeaderValue(name, value);
  this[kHeaders].set(name.toLowerCase(), [name, value]);
  return this;
};

OutgoingMessage.prototype.setHeaders = function setHeaders(headers) {
  requireUnsent(this, 'set');
  if (!headers || Array.isArray(headers) || typeof headers.keys !== 'function' || typeof headers.get !== 'function') {
    throw new codes.ERR_INVALID_ARG_TYPE('headers', ['Headers', 'Map'], headers);
  }
  const cookies = [];
  for (const [name, value] of headers) {
    if (name === 'set-cookie') cookies.push(...[].concat(value));
    else this.setHeader(name, value);
  }
  if (cookies.length > 0) this.setHeader('set-cookie', cookies);
  return this;
};

OutgoingMessage.prototype.appendHeader = function appendHeader(name, value) {
  requireUnsent(this, 'append');
  validateHeaderName(name);
  validateHeaderValue(name, value);
  const entry = this[kHeaders].get(name.toLowerCase());
  if (entry === undefined) return this.setHeader(name, value);
  entry[1] = [].concat(entry[1], value);
  return this;
};

OutgoingMessage.prototype.getHeader = function getHeader(name) {
  validateString(name, 'name');
  return this[kHeaders].get(name.toLowerCase())?.[1];
};

OutgoingMessage.prototype.getHeaderNames = function getHeaderNames() {
  return [...this[kHeaders].keys()];
};

OutgoingMessage.prototype.getRawHeaderNames = function getRawHeaderNames() {
  return [...this[kHeaders].values()].map(([name]) => name);
};

OutgoingMessage.prototype.getHeaders = function getHeaders() {
  const made = { __proto__: null };
  for (const [key, [, value]] of this[kHeaders]) made[key] = value;
  return made;
};

OutgoingMessage.prototype.hasHeader = function hasHeader(name) {
  validateString(name, 'name');
  return this[kHeaders].has(name.toLowerCase());
};

OutgoingMessage.prototype.removeHeader = function removeHeader(name) {
  validateString(name, 'name');
  requireUnsent(this, 'remove');
  this[kHeaders].delete(name.toLowerCase());
};

/** Names and values in turn, a line for each of several values. */
OutgoingMessage.prototype._headerLines = function _headerLines() {
  const lines = [];
  for (const [key, [name, value]] of this[kHeaders]) {
    if (!Array.isArray(value)) lines.push(name, `${value}`);
    else if (key === 'cookie') lines.push(name, value.join('; '));
    else for (const one of value) lines.push(name, `${one}`);
  }
  return lines;
};

OutgoingMessage.prototype.addTrailers = function addTrailers() {
  // A trailer is the last word of an exchange, and the runtime says none.
  throw new codes.ERR_METHOD_NOT_IMPLEMENTED('addTrailers()');
};

OutgoingMessage.prototype._implicitHeader = function _implicitHeader() {
  throw new codes.ERR_METHOD_NOT_IMPLEMENTED('_implicitHeader()');
};

OutgoingMessage.prototype.flushHeaders = function flushHeaders() {
  if (this._header === null) this._implicitHeader();
};

OutgoingMessage.prototype.setTimeout = function setTimeout(milliseconds, callback) {
  if (callback) this.on('timeout', callback);
  if (this.socket === null) this.once('socket', (socket) => socket.setTimeout(milliseconds));
  else this.socket.setTimeout(milliseconds);
  return this;
};

OutgoingMessage.prototype.pipe = function pipe() {
  this.emit('error', new codes.ERR_STREAM_CANNOT_PIPE());
};

module.exports = { OutgoingMessage };
