'use strict';

// What stands for the connection of a request, which the runtime makes: it can be asked for and destroyed, and does not
// carry bytes.

const { Duplex } = require('stream');
const { codes } = require('internal/errors');
const { clearTimeout, setTimeout } = require('internal/timers');

class ExchangeSocket extends Duplex {
  #idle = { after: 0, timer: undefined };

  constructor({ host, port, isSecure }) {
    // The request tells of the end of the connection.
    super({ autoDestroy: false, read() {} });
    this.connecting = true;
    this.timeout = 0;
    this.remotePort = port;
    this._host = host;
    if (isSecure) Object.assign(this, { encrypted: true, authorized: true, authorizationError: null });
  }

  get remoteAddress() {
    return this.connecting ? undefined : this._host;
  }

  _write(chunk, encoding, callback) {
    callback(new codes.ERR_METHOD_NOT_IMPLEMENTED('socket.write()'));
  }

  /** Emits `timeout` when nothing happens for so long. */
  setTimeout(after, callback = undefined) {
    this.timeout = after;
    if (callback !== undefined) {
      if (after === 0) this.removeListener('timeout', callback);
      else this.once('timeout', callback);
    }
    this.#idle.after = after;
    this._touch();
    return this;
  }

  /** Something has happened. */
  _touch() {
    clearTimeout(this.#idle.timer);
    if (!(this.#idle.after > 0) || this.destroyed) return;
    this.#idle.timer = setTimeout(() => this.emit('timeout'), this.#idle.after);
  }

  _connected() {
    this.connecting = false;
    this._touch();
    this.emit('connect');
    if (this.encrypted) this.emit('secureConnect');
  }

  _destroy(error, callback) {
    clearTimeout(this.#idle.timer);
    callback(error);
  }

  address() {
    return {};
  }

  setKeepAlive() {
    return this;
  }

  setNoDelay() {
    return this;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }
}

module.exports = { ExchangeSocket };
