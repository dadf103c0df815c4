'use strict';

// Input line by line. There is no terminal in a worker, so nothing is edited: lines come as they are.

const EventEmitter = require('events');
const { AbortError, codes } = require('internal/errors');
const {
  validateAbortSignal, validateArray, validateNumber, validateString, validateUint32,
} = require('internal/validators');
const { Buffer } = require('buffer');
const { StringDecoder } = require('string_decoder');

const LINE_ENDING = /\r?\n|\r(?!\n)/g;
const MIN_CRLF_DELAY = 100;
const HISTORY_SIZE = 30;
/** An async iterator lets the input wait when this many lines are not yet asked for. */
const MAX_WAITING_LINES = 1024;

/** The options of an interface, which may also be given one by one. */
function toOptions(input, output, completer, terminal) {
  if (input?.input !== undefined) return input;
  return { input, output, completer, terminal };
}

function validateOptions({ completer, history = [], historySize = HISTORY_SIZE, prompt = '> ', signal, tabSize = 8 }) {
  if (signal) validateAbortSignal(signal, 'options.signal');
  if (completer !== undefined && typeof completer !== 'function') {
    throw new codes.ERR_INVALID_ARG_VALUE('completer', completer);
  }
  validateArray(history, 'history');
  validateNumber(historySize, 'historySize', 0);
  validateUint32(tabSize, 'tabSize', true);
  return { completer, history, historySize, prompt, signal, tabSize };
}

function Interface(input, output, completer, terminal) {
  if (!(this instanceof Interface)) return new Interface(input, output, completer, terminal);
  const options = toOptions(input, output, completer, terminal);
  const settings = validateOptions(options);
  EventEmitter.call(this);
  this.input = options.input;
  this.output = options.output;
  this.completer = settings.completer;
  this.terminal = Boolean(options.terminal ?? options.output?.isTTY);
  this.history = settings.history;
  this.historySize = settings.historySize;
  this.tabSize = settings.tabSize;
  this.crlfDelay = options.crlfDelay ? Math.max(MIN_CRLF_DELAY, options.crlfDelay) : MIN_CRLF_DELAY;
  this.line = '';
  this.cursor = 0;
  this.closed = false;
  this.paused = false;
  this._prompt = settings.prompt;
  this._oldPrompt = settings.prompt;
  this._questionCallback = null;
  this._decoder = new StringDecoder('utf8');
  this._line_buffer = null;
  this._sawReturnAt = 0;
  this._listen(settings.signal);
}
Object.setPrototypeOf(Interface.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Interface, EventEmitter);

Interface.prototype._listen = function(signal) {
  const onData = (data) => this._normalWrite(data);
  const onEnd = () => {
    if (typeof this._line_buffer === 'string' && this._line_buffer.length > 0) this.emit('line', this._line_buffer);
    this.close();
  };
  const onError = (error) => this.emit('error', error);
  this.input.on('error', onError);
  this.input.on('data', onData);
  this.input.on('end', onEnd);
  this.once('close', () => {
    this.input.removeListener('data', onData);
    this.input.removeListener('end', onEnd);
    this.input.removeListener('error', onError);
  });
  if (signal) {
    const onAbort = () => this.close();
    if (signal.aborted) {
      process.nextTick(onAbort);
    } else {
      signal.addEventListener('abort', onAbort, { once: true });
      this.once('close', () => signal.removeEventListener('abort', onAbort));
    }
  }
  this.input.resume();
};

Object.defineProperty(Interface.prototype, 'columns', {
  configurable: true,
  enumerable: true,
  get() { return this.output?.columns || Infinity; },
});

Interface.prototype.setPrompt = function(prompt) {
  this._prompt = prompt;
};

Interface.prototype.getPrompt = function() {
  return this._prompt;
};

Interface.prototype.prompt = function() {
  if (this.paused) this.resume();
  this._writeToOutput(this._prompt);
};

Interface.prototype._writeToOutput = function(text) {
  validateString(text, 'stringToWrite');
  if (this.output !== null && this.output !== undefined) this.output.write(text);
};

/** Asks; `callback` gets the next line. Of several questions only the first is asked. */
Interface.prototype._ask = function(query, callback) {
  if (this.closed) throw new codes.ERR_USE_AFTER_CLOSE('readline');
  if (this._questionCallback) {
    this.prompt();
    return;
  }
  this._oldPrompt = this._prompt;
  this.setPrompt(query);
  this._questionCallback = callback;
  this.prompt();
};

Interface.prototype._cancelQuestion = function() {
  if (!this._questionCallback) return;
  this._questionCallback = null;
  this.setPrompt(this._oldPrompt);
};

Interface.prototype.question = function(query, options, callback) {
  callback = typeof options === 'function' ? options : callback;
  const { signal } = typeof options === 'object' && options !== null ? options : {};
  if (signal) {
    validateAbortSignal(signal, 'options.signal');
    if (signal.aborted) return;
    const onAbort = () => this._cancelQuestion();
    signal.addEventListener('abort', onAbort, { once: true });
    const answered = typeof callback === 'function' ? callback : () => {};
    callback = (answer) => {
      signal.removeEventListener('abort', onAbort);
      answered(answer);
    };
  }
  if (typeof callback === 'function') this._ask(query, callback);
};

/** The same with a promise. */
function questionPromise(instance, query, { signal } = {}) {
  return new Promise((resolve, reject) => {
    let answered = resolve;
    if (signal) {
      validateAbortSignal(signal, 'options.signal');
      if (signal.aborted) {
        reject(new AbortError(undefined, { cause: signal.reason }));
        return;
      }
      const onAbort = () => {
        instance._cancelQuestion();
        reject(new AbortError(undefined, { cause: signal.reason }));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      answered = (answer) => {
        signal.removeEventListener('abort', onAbort);
        resolve(answer);
      };
    }
    instance._ask(query, answered);
  });
}

Object.defineProperty(Interface.prototype.question, Symbol.for('nodejs.util.promisify.custom'), {
  value(query, options) { return questionPromise(this, query, options ?? {}); },
  enumerable: true,
});

Interface.prototype._onLine = function(line) {
  if (!this._questionCallback) {
    this.emit('line', line);
    return;
  }
  const callback = this._questionCallback;
  this._questionCallback = null;
  this.setPrompt(this._oldPrompt);
  callback(line);
};

Interface.prototype._normalWrite = function(data) {
  if (data === undefined) return;
  let text = this._decoder.write(typeof data === 'string' ? Buffer.from(data) : data);
  // A line ending may be cut between its two characters.
  if (this._sawReturnAt > 0 && Date.now() - this._sawReturnAt <= this.crlfDelay && text.startsWith('\n')) {
    text = text.slice(1);
  }
  if (text !== '' || this._sawReturnAt === 0) this._sawReturnAt = 0;
  if (text === '') return;
  if (this._line_buffer) {
    text = this._line_buffer + text;
    this._line_buffer = null;
  }
  this._sawReturnAt = text.endsWith('\r') ? Date.now() : 0;
  const lines = text.split(LINE_ENDING);
  const rest = lines.pop();
  if (rest !== '') this._line_buffer = rest;
  for (const line of lines) this._onLine(line);
};

Interface.prototype.write = function(data) {
  if (this.paused) this.resume();
  this._normalWrite(data);
};

Interface.prototype.clearLine = function() {
  this.line = '';
  this.cursor = 0;
};

Interface.prototype.getCursorPos = function() {
  return { cols: 0, rows: 0 };
};

Interface.prototype.pause = function() {
  if (this.paused) return undefined;
  this.input.pause();
  this.paused = true;
  this.emit('pause');
  return this;
};

Interface.prototype.resume = function() {
  if (!this.paused) return undefined;
  this.input.resume();
  this.paused = false;
  this.emit('resume');
  return this;
};

Interface.prototype.close = function() {
  if (this.closed) return;
  this.pause();
  this.closed = true;
  this.emit('close');
};

/** The lines as an iterator, which closes the interface when it is left. */
Interface.prototype[Symbol.asyncIterator] = function() {
  const lines = [];
  const waiting = [];
  let failure;
  let finished = this.closed;
  const settle = () => {
    while (waiting.length > 0 && (lines.length > 0 || failure || finished)) {
      const { resolve, reject } = waiting.shift();
      if (lines.length > 0) {
        resolve({ value: lines.shift(), done: false });
      } else if (failure) {
        reject(failure);
        failure = undefined;
        finished = true;
      } else {
        resolve({ value: undefined, done: true });
      }
    }
  };
  this.on('line', (line) => {
    lines.push(line);
    if (lines.length > MAX_WAITING_LINES && !this.closed) this.pause();
    settle();
  });
  this.once('close', () => {
    finished = true;
    settle();
  });
  this.once('error', (error) => {
    failure = error;
    settle();
  });
  return {
    next: () => new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      settle();
      if (lines.length === 0 && this.paused && !this.closed) this.resume();
    }),
    return: async () => {
      this.close();
      finished = true;
      settle();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};

Object.defineProperty(Interface.prototype, Symbol.dispose ?? Symbol.for('nodejs.dispose'), {
  value() { this.close(); }, configurable: true, writable: true,
});

module.exports = { Interface, questionPromise };
