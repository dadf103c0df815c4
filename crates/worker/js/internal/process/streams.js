'use strict';

// `process.stdout`, `process.stderr` and `process.stdin`. What is written becomes lines of the console; nothing can be
// read.

const { Readable, Writable } = require('stream');

const engine = binding('engine');

/** How the runtime shows a descriptor's lines. */
const LEVELS = [undefined, 1, 3];
/** More than this without a line break is passed on all the same. */
const LONGEST_LINE = 64 * 1024;

class Output extends Writable {
  #pending = '';
  #scheduled = false;
  #decoder;

  constructor(fd) {
    super({ decodeStrings: false });
    this.fd = fd;
    this._type = 'pipe';
    this._isStdio = true;
    this.destroySoon = this.destroy;
  }

  _write(chunk, encoding, callback) {
    let text = chunk;
    if (typeof chunk !== 'string') {
      const { StringDecoder } = require('string_decoder');
      this.#decoder ??= new StringDecoder('utf8');
      text = this.#decoder.write(chunk);
    } else if (encoding !== 'utf8' && encoding !== 'utf-8') {
      text = Buffer.from(chunk, encoding).toString();
    }
    this.#print(text);
    callback();
  }

  #print(text) {
    const level = LEVELS[this.fd];
    this.#pending += text;
    const end = this.#pending.lastIndexOf('\n');
    if (end >= 0) {
      engine.print(level, this.#pending.slice(0, end));
      this.#pending = this.#pending.slice(end + 1);
    }
    if (this.#pending.length > LONGEST_LINE) this.flush();
    else if (this.#pending !== '') this.#schedule();
  }

  /** A line that is not complete when the program has nothing else to do is passed on as it is. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    require('internal/timers').setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    }).unref();
  }

  /** Passes on what has no line break yet. */
  flush() {
    if (this.#pending === '') return;
    engine.print(LEVELS[this.fd], this.#pending);
    this.#pending = '';
  }

  _destroy(error, callback) {
    // As in Node, the standard streams cannot be closed.
    callback(error);
    this._undestroy();
  }
}

const outputs = [];

function makeOutput(fd) {
  const output = new Output(fd);
  outputs.push(output);
  return output;
}

function flush() {
  for (const output of outputs) output.flush();
}

function makeInput() {
  const input = new Readable({
    read() {
      this.push(null);
    },
  });
  input.fd = 0;
  return input;
}

module.exports = { flush, makeInput, makeOutput };
