'use strict';

// http.IncomingMessage: a response while it arrives.

const { Readable } = require('stream');

/** Headers of which only the first counts. */
const SINGLE = new Set([
  'age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since',
  'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after',
  'server', 'user-agent',
]);

function IncomingMessage(socket) {
  Readable.call(this, socket === undefined ? undefined : { highWaterMark: socket.readableHighWaterMark });
  this.socket = socket;
  this.httpVersionMajor = null;
  this.httpVersionMinor = null;
  this.httpVersion = null;
  this.complete = false;
  this.rawHeaders = [];
  this.rawTrailers = [];
  this.joinDuplicateHeaders = false;
  this.aborted = false;
  this.upgrade = null;
  this.url = '';
  this.method = null;
  this.statusCode = null;
  this.statusMessage = null;
  this.client = socket;
  this._consuming = false;
  this._dumped = false;
}
Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
Object.setPrototypeOf(IncomingMessage, Readable);

/** Adds a header as Node joins them. */
IncomingMessage.prototype._addHeaderLine = function _addHeaderLine(name, value, target) {
  const key = name.toLowerCase();
  if (key === 'set-cookie') {
    if (target[key] === undefined) target[key] = [value];
    else target[key].push(value);
  } else if (target[key] === undefined) {
    target[key] = value;
  } else if (key === 'cookie') {
    target[key] += `; ${value}`;
  } else if (this.joinDuplicateHeaders || !SINGLE.has(key)) {
    target[key] += `, ${value}`;
  }
};

IncomingMessage.prototype._addHeaderLineDistinct = function _addHeaderLineDistinct(name, value, target) {
  const key = name.toLowerCase();
  if (target[key] === undefined) target[key] = [value];
  else target[key].push(value);
};

/** A property that is made of raw headers when it is first read. */
function defineView(name, source, method, makeTarget) {
  const key = Symbol(name);
  Object.defineProperty(IncomingMessage.prototype, name, {
    get() {
      if (this[key] !== undefined) return this[key];
      const target = makeTarget();
      const raw = this[source];
      for (let index = 0; index < raw.length; index += 2) this[method](raw[index], raw[index + 1], target);
      // Trailers come late.
      if (source === 'rawHeaders' || this.complete) {
        Object.defineProperty(this, key, { value: target, writable: true, configurable: true });
      }
      return target;
    },
    set(value) {
      Object.defineProperty(this, key, { value, writable: true, configurable: true });
    },
  });
}
defineView('headers', 'rawHeaders', '_addHeaderLine', () => ({}));
defineView('headersDistinct', 'rawHeaders', '_addHeaderLineDistinct', () => ({ __proto__: null }));
defineView('trailers', 'rawTrailers', '_addHeaderLine', () => ({}));
defineView('trailersDistinct', 'rawTrailers', '_addHeaderLineDistinct', () => ({ __proto__: null }));

Object.defineProperty(IncomingMessage.prototype, 'connection', {
  get() {
    return this.socket;
  },
  set(value) {
    this.socket = value;
  },
});

IncomingMessage.prototype.setTimeout = function setTimeout(milliseconds, callback) {
  if (callback) this.on('timeout', callback);
  this.socket.setTimeout(milliseconds);
  return this;
};

IncomingMessage.prototype._read = function _read() {
  this._consuming = true;
  this.req?._resume();
};

IncomingMessage.prototype._destroy = function _destroy(error, callback) {
  if (!this.readableEnded || !this.complete) {
    this.aborted = true;
    this.emit('aborted');
    this.req?._abandon(error);
  }
  // Without a listener, a broken connection is told by `aborted` only.
  const isHeard = error === null || this.listenerCount('error') > 0;
  process.nextTick(callback, isHeard ? error : null);
};

/** Lets the rest of the body pass unread. */
IncomingMessage.prototype._dump = function _dump() {
  if (this._dumped) return;
  this._dumped = true;
  this.removeAllListeners('data');
  this.resume();
};

module.exports = { IncomingMessage };
