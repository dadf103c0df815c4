'use strict';

// Requests that the runtime makes for the program: the worker itself has no sockets.
//
// An exchange is one request and its response. Bytes go both ways in credit: neither side sends more than the other has
// asked for, so that nothing piles up where it is not wanted.

const { currentContext, run } = require('internal/task_queue');
const { makeError } = require('internal/network/failure');

const host = binding('network');

/** What is given back at once, so that not every chunk takes a message. */
const CREDIT_STEP = host.window / 4;

const open = new Map();
/** Those that wait until another one ends. */
const waiting = [];
let last = 0;

/**
 * One request. `handler` may have `onConnect()`, `onInformation(head)`, `onHead(head)`, `onData(bytes)`, which tells
 * whether more is welcome, `onEnd(trailers)` and `onError(error)`; after one of the last two comes nothing.
 *
 * `request` has `secure`, `host`, `port`, `method`, `target`, `headers` (name and value in turn) and `length`: of the
 * body, in bytes, -1 if it is not known, null if there is none.
 */
class Exchange {
  #id = 0;
  #request;
  #handler;
  #context = currentContext();
  #isClosed = false;
  #credit = 0;
  #writing = null;
  #isHeld = false;
  #consumed = 0;

  constructor(request, handler) {
    this.#request = request;
    this.#handler = handler;
    waiting.push(this);
    startWaiting();
  }

  get isClosed() {
    return this.#isClosed;
  }

  /** Sends bytes of the body; `callback` is called when they are on their way. Only one call at a time. */
  write(bytes, callback) {
    this.#writing = { bytes, offset: 0, callback };
    this.#flush();
  }

  /** Tells that the body is complete. */
  finish() {
    if (this.#isClosed) return;
    if (this.#id === 0) this.#writing = { bytes: new Uint8Array(0), offset: 0, isLast: true };
    else host.write(this.#id, new Uint8Array(0), true);
  }

  /** Asks for more after `onData` told that it is not welcome. */
  resume() {
    this.#isHeld = false;
    this.#giveCredit();
  }

  /** Ends the exchange without a word. */
  abort() {
    if (this.#isClosed) return;
    if (this.#id !== 0) host.abort(this.#id);
    this.#close();
  }

  /** Starts the request, if the runtime takes it. */
  start(id) {
    this.#id = id;
    open.set(id, this);
    if (!host.open(id, this.#request)) {
      process.nextTick(() => this.#fail({ code: 'no-host' }));
      return;
    }
    this.#credit = host.window;
    this.#flush();
  }

  /** Takes a message of the runtime. */
  receive(kind, content) {
    if (this.#isClosed) return;
    switch (kind) {
      case 'connected':
        this.#call('onConnect');
        break;
      case 'head':
        this.#call(content.status < 200 ? 'onInformation' : 'onHead', content);
        break;
      case 'body':
        this.#take(content);
        break;
      case 'credit':
        this.#credit += content;
        this.#flush();
        break;
      case 'end':
        this.#close();
        this.#call('onEnd', content);
        break;
      case 'failed':
        this.#fail(content);
        break;
      default:
    }
  }

  #call(name, argument) {
    const handler = this.#handler;
    if (handler[name] === undefined) return;
    run(() => handler[name](argument), undefined, [], this.#context);
  }

  #take(bytes) {
    this.#consumed += bytes.length;
    // Held until the handler has said something: it may ask for more before it returns.
    this.#isHeld = true;
    run(() => {
      if (this.#handler.onData(bytes)) this.#isHeld = false;
    }, undefined, [], this.#context);
    this.#giveCredit();
  }

  #giveCredit() {
    if (this.#isHeld || this.#isClosed || this.#consumed < CREDIT_STEP) return;
    host.credit(this.#id, this.#consumed);
    this.#consumed = 0;
  }

  #flush() {
    const { bytes, callback, isLast } = this.#writing ?? {};
    if (bytes === undefined || this.#id === 0) return;
    if (isLast) {
      this.#writing = null;
      host.write(this.#id, bytes, true);
      return;
    }
    while (this.#writing.offset < bytes.length && this.#credit > 0) {
      const length = Math.min(bytes.length - this.#writing.offset, this.#credit, host.maxChunk);
      host.write(this.#id, bytes.subarray(this.#writing.offset, this.#writing.offset + length), false);
      this.#writing.offset += length;
      this.#credit -= length;
    }
    if (this.#writing.offset < bytes.length) return;
    this.#writing = null;
    process.nextTick(callback);
  }

  #fail(failure) {
    this.#close();
    run(() => this.#handler.onError(makeError(failure)), undefined, [], this.#context);
  }

  #close() {
    this.#isClosed = true;
    const callback = this.#writing?.callback;
    this.#writing = null;
    open.delete(this.#id);
    if (this.#id === 0) {
      const index = waiting.indexOf(this);
      if (index !== -1) waiting.splice(index, 1);
    }
    if (callback !== undefined) process.nextTick(callback);
    startWaiting();
  }
}

function startWaiting() {
  while (waiting.length > 0 && open.size < host.maxExchanges) waiting.shift().start(++last);
}

/** A message of the runtime about one exchange, which may be over by now. */
function deliver(id, kind, content) {
  open.get(id)?.receive(kind, content);
}

/** Whether something is left that could wake the program. */
function isAlive() {
  return open.size > 0;
}

module.exports = { Exchange, deliver, isAlive };
