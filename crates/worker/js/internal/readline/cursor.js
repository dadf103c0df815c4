'use strict';

// Escape sequences that move a terminal's cursor.

const { codes } = require('internal/errors');
const { validateFunction, validateInteger } = require('internal/validators');

const CLEAR_LINE = { '-1': '\x1b[1K', '0': '\x1b[2K', '1': '\x1b[0K' };
const CLEAR_SCREEN_DOWN = '\x1b[0J';

function clearLineSequence(direction) {
  return CLEAR_LINE[Math.sign(direction) || 0];
}

function cursorToSequence(x, y) {
  if (Number.isNaN(x)) throw new codes.ERR_INVALID_ARG_VALUE('x', x);
  if (Number.isNaN(y)) throw new codes.ERR_INVALID_ARG_VALUE('y', y);
  return typeof y === 'number' ? `\x1b[${y + 1};${x + 1}H` : `\x1b[${x + 1}G`;
}

function moveCursorSequence(dx, dy) {
  const horizontal = dx < 0 ? `\x1b[${-dx}D` : dx > 0 ? `\x1b[${dx}C` : '';
  const vertical = dy < 0 ? `\x1b[${-dy}A` : dy > 0 ? `\x1b[${dy}B` : '';
  return horizontal + vertical;
}

/** Writes a sequence; without a stream or anything to write, only the callback happens. */
function send(stream, sequence, callback) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (stream == null || sequence === '') {
    if (typeof callback === 'function') process.nextTick(callback, null);
    return true;
  }
  return stream.write(sequence, callback);
}

function clearLine(stream, direction, callback) {
  return send(stream, clearLineSequence(direction), callback);
}

function clearScreenDown(stream, callback) {
  return send(stream, CLEAR_SCREEN_DOWN, callback);
}

function cursorTo(stream, x, y, callback) {
  if (callback !== undefined) validateFunction(callback, 'callback');
  if (typeof y === 'function') {
    callback = y;
    y = undefined;
  }
  if (Number.isNaN(x)) throw new codes.ERR_INVALID_ARG_VALUE('x', x);
  if (Number.isNaN(y)) throw new codes.ERR_INVALID_ARG_VALUE('y', y);
  if (stream == null || (typeof x !== 'number' && typeof y !== 'number')) return send(null, '', callback);
  if (typeof x !== 'number') {
    throw Object.assign(new TypeError('Cannot set cursor row without setting its column'), {
      code: 'ERR_INVALID_CURSOR_POS',
    });
  }
  return send(stream, cursorToSequence(x, y), callback);
}

function moveCursor(stream, dx, dy, callback) {
  return send(stream, moveCursorSequence(dx, dy), callback);
}

/** Collects sequences and writes them at once. */
class Readline {
  #stream;
  #autoCommit;
  #pending = [];

  constructor(stream, options = undefined) {
    if (typeof stream?.write !== 'function') throw new codes.ERR_INVALID_ARG_TYPE('stream', 'Writable', stream);
    this.#stream = stream;
    this.#autoCommit = Boolean(options?.autoCommit);
  }

  #add(sequence) {
    if (this.#autoCommit) process.nextTick(() => this.#stream.write(sequence));
    else this.#pending.push(sequence);
    return this;
  }

  clearLine(direction) {
    validateInteger(direction, 'dir', -1, 1);
    return this.#add(clearLineSequence(direction));
  }

  clearScreenDown() {
    return this.#add(CLEAR_SCREEN_DOWN);
  }

  cursorTo(x, y = undefined) {
    validateInteger(x, 'x');
    if (y !== undefined) validateInteger(y, 'y');
    return this.#add(cursorToSequence(x, y));
  }

  moveCursor(dx, dy) {
    return this.#add(moveCursorSequence(dx, dy));
  }

  commit() {
    return new Promise((resolve) => {
      this.#stream.write(this.#pending.join(''), resolve);
      this.#pending = [];
    });
  }

  rollback() {
    this.#pending = [];
    return this;
  }
}

module.exports = { Readline, clearLine, clearScreenDown, cursorTo, moveCursor };
