'use strict';

// `console`: every call is one event with a level. A text without directives is passed on as it is; only other values
// need the machinery of `util.inspect`.

const engine = binding('engine');
const { defineProperty, keys } = Object;

const DEBUG = 0;
const INFO = 1;
const WARN = 2;
const ERROR = 3;

const kWrite = Symbol('write');
const kCounts = Symbol('counts');
const kTimers = Symbol('timers');
const kIndent = Symbol('indent');
const kOptions = Symbol('options');

function formatSlowly(self, values) {
  return require('internal/util/format').formatWithOptions(self[kOptions], ...values);
}

/** The text of the arguments, as `util.format` makes it. */
function format(self, values) {
  const [first] = values;
  if (typeof first !== 'string') return values.length === 0 ? '' : formatSlowly(self, values);
  if (values.length === 1) return first;
  if (first.includes('%')) return formatSlowly(self, values);
  let text = first;
  for (let index = 1; index < values.length; index++) {
    if (typeof values[index] !== 'string') return formatSlowly(self, values);
    text += ` ${values[index]}`;
  }
  return text;
}

function print(self, level, values) {
  let text = format(self, values);
  if (self[kIndent] !== '') {
    text = self[kIndent] + (text.includes('\n') ? text.replaceAll('\n', `\n${self[kIndent]}`) : text);
  }
  self[kWrite](level, text);
}

/** `1.234s`, `2:03.000 (m:ss.mmm)`: a duration in milliseconds as Node shows it. */
function formatTime(ms) {
  const pad = (value, width = 2) => `${value}`.padStart(width, '0');
  let hours = 0;
  let minutes = 0;
  let seconds = 0;
  if (ms >= 1000) {
    if (ms >= 60000) {
      if (ms >= 3600000) {
        hours = Math.floor(ms / 3600000);
        ms %= 3600000;
      }
      minutes = Math.floor(ms / 60000);
      ms %= 60000;
    }
    seconds = ms / 1000;
  }
  if (hours !== 0 || minutes !== 0) {
    const [whole, fraction] = seconds.toFixed(3).split('.');
    return hours !== 0
      ? `${hours}:${pad(minutes)}:${pad(whole)} (h:mm:ss)`
      : `${minutes}:${pad(whole)}.${fraction} (m:ss.mmm)`;
  }
  if (seconds !== 0) return `${seconds.toFixed(3)}s`;
  return `${Number(ms.toFixed(3))}ms`;
}

function elapsed(self, name, label, values) {
  const start = self[kTimers].get(label);
  if (start === undefined) {
    process.emitWarning(`No such label '${label}' for console.${name}()`);
    return false;
  }
  self.log('%s: %s', label, formatTime(engine.now() - start), ...values);
  return true;
}

const methods = {
  log(...values) {
    print(this, INFO, values);
  },
  warn(...values) {
    print(this, WARN, values);
  },
  dir(object, options) {
    const { inspect } = require('internal/util/inspect');
    this[kWrite](INFO, this[kIndent] + inspect(object, { customInspect: false, ...this[kOptions], ...options }));
  },
  time(label = 'default') {
    label = `${label}`;
    if (this[kTimers].has(label)) {
      process.emitWarning(`Label '${label}' already exists for console.time()`);
      return;
    }
    this[kTimers].set(label, engine.now());
  },
  timeEnd(label = 'default') {
    label = `${label}`;
    if (elapsed(this, 'timeEnd', label, [])) this[kTimers].delete(label);
  },
  timeLog(label = 'default', ...values) {
    elapsed(this, 'timeLog', `${label}`, values);
  },
  trace(...values) {
    const trace = { name: 'Trace', message: format(this, values) };
    Error.captureStackTrace(trace, methods.trace);
    print(this, DEBUG, [trace.stack]);
  },
  assert(expression, ...values) {
    if (expression) return;
    if (typeof values[0] === 'string') values[0] = `Assertion failed: ${values[0]}`;
    else values.unshift('Assertion failed');
    print(this, ERROR, values);
  },
  clear() {},
  count(label = 'default') {
    label = `${label}`;
    const count = (this[kCounts].get(label) ?? 0) + 1;
    this[kCounts].set(label, count);
    print(this, INFO, ['%s: %d', label, count]);
  },
  countReset(label = 'default') {
    if (!this[kCounts].delete(`${label}`)) process.emitWarning(`Count for '${label}' does not exist`);
  },
  group(...label) {
    if (label.length > 0) print(this, INFO, label);
    this[kIndent] += '  ';
  },
  groupEnd() {
    this[kIndent] = this[kIndent].slice(0, -2);
  },
  table(data, columns) {
    const { renderTable } = require('internal/console/table');
    const text = renderTable(data, columns);
    print(this, INFO, text === undefined ? [data] : ['%s', text]);
  },
  debug(...values) {
    print(this, DEBUG, values);
  },
  info(...values) {
    print(this, INFO, values);
  },
  dirxml(...values) {
    print(this, INFO, values);
  },
  error(...values) {
    print(this, ERROR, values);
  },
  groupCollapsed(...label) {
    methods.group.apply(this, label);
  },
  profile() {},
  profileEnd() {},
  timeStamp() {},
};

/** Gives `self` its state and its methods, bound to it, as they are passed around. */
function initialize(self, write, options) {
  for (const [key, value] of [
    [kWrite, write],
    [kCounts, new Map()],
    [kTimers, new Map()],
    [kIndent, ''],
    [kOptions, options],
  ]) {
    defineProperty(self, key, { value, writable: true, enumerable: false });
  }
  for (const name of keys(methods)) {
    const method = methods[name].bind(self);
    defineProperty(method, 'name', { value: name });
    self[name] = method;
  }
  return self;
}

/** A console that writes to streams. */
function Console(options, ...others) {
  if (!new.target) return Reflect.construct(Console, [options, ...others]);
  const { codes } = require('internal/errors');
  if (typeof options?.write === 'function') {
    const [stderr, ignoreErrors] = others;
    options = { stdout: options, stderr, ignoreErrors };
  }
  const { stdout, stderr = stdout, ignoreErrors = true, colorMode = 'auto', inspectOptions } = options ?? {};
  if (typeof stdout?.write !== 'function') throw new codes.ERR_CONSOLE_WRITABLE_STREAM('stdout');
  if (typeof stderr?.write !== 'function') throw new codes.ERR_CONSOLE_WRITABLE_STREAM('stderr');
  const write = (level, text) => {
    const stream = level === WARN || level === ERROR ? stderr : stdout;
    if (ignoreErrors) {
      try {
        stream.write(`${text}\n`, () => {});
      } catch {
        // Whoever writes to a console does not expect it to throw.
      }
    } else {
      stream.write(`${text}\n`);
    }
  };
  initialize(this, write, { colors: colorMode === true, ...inspectOptions });
}

const console = initialize({ __proto__: {} }, engine.print, {});
defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
console.Console = Console;
defineProperty(Console, Symbol.hasInstance, { value: (instance) => instance?.[kWrite] !== undefined });

module.exports = console;
