'use strict';

// The first code of an engine: makes `require` for the builtins, then the globals. Whatever a small program does not need
// is made when it is first asked for.

const { apply } = Reflect;
const { defineProperty } = Object;

const makeBinding = binding;
const bindings = { __proto__: null };
function getBinding(name) {
  return (bindings[name] ??= makeBinding(name));
}
const engine = getBinding('engine');

const builtins = new Map();
/** `process.moduleLoadList`. */
const loadList = [];

function requireBuiltin(name) {
  if (name.startsWith('node:')) name = name.slice(5);
  let module = builtins.get(name);
  if (module === undefined) {
    const make = engine.builtin(name);
    if (make === undefined) throw new Error(`No such built-in module: ${name}`);
    module = { exports: {} };
    builtins.set(name, module);
    loadList.push(`NativeModule ${name}`);
    try {
      apply(make, undefined, [module.exports, requireBuiltin, module, getBinding]);
    } catch (error) {
      builtins.delete(name);
      throw error;
    }
  }
  return module.exports;
}

requireBuiltin('internal/error_stack');
requireBuiltin('internal/function_text');
Object.assign(requireBuiltin('internal/builtins'), {
  builtinExists: engine.isPublicBuiltin,
  loadList,
  publicNames: engine.publicBuiltins,
  requireBuiltin,
});

const tasks = requireBuiltin('internal/task_queue');
const timers = requireBuiltin('internal/timers');
const { loadForImport } = requireBuiltin('internal/modules/commonjs');

function define(name, value, enumerable) {
  defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable });
}

/** A global that is made when it is first used. */
function defineLazy(name, make, enumerable) {
  defineProperty(globalThis, name, {
    configurable: true,
    enumerable,
    get() {
      const value = make();
      define(name, value, enumerable);
      return value;
    },
    set(value) {
      define(name, value, enumerable);
    },
  });
}

/** Those of Node's globals that `Object.keys(globalThis)` lists. */
const LISTED = new Set(['atob', 'btoa', 'crypto', 'fetch', 'performance', 'structuredClone']);

define('global', globalThis, true);
for (const name of ['clearImmediate', 'setImmediate', 'clearInterval', 'clearTimeout', 'setInterval', 'setTimeout']) {
  define(name, timers[name], true);
}
define('queueMicrotask', tasks.queueMicrotask, true);
define('console', requireBuiltin('internal/console'), false);
define('process', requireBuiltin('internal/process'), false);
for (const table of ['internal/globals_unsupported', 'internal/globals_a', 'internal/globals_b']) {
  const entries = requireBuiltin(table);
  for (const name of Object.keys(entries)) defineLazy(name, entries[name], LISTED.has(name));
}

/** The names that a builtin exports to ES modules. */
function builtinNames(key) {
  const value = requireBuiltin(key);
  return Object.keys(value).filter((name) => name !== 'default');
}

/** The values of a module that is no ES module: the default export, then those of `names`. */
function evaluateSynthetic(key, filename, names) {
  const value = key.startsWith('node:') ? requireBuiltin(key) : loadForImport(filename);
  const values = [value];
  for (const name of names) {
    let member;
    try {
      member = value?.[name];
    } catch {
      // A getter that throws exports nothing.
    }
    values.push(member);
  }
  return values;
}

const { then } = Promise.prototype;

Object.assign(exports, {
  builtinNames,
  evaluateSynthetic,
  ignoreRejection(promise) {
    apply(then, promise, [undefined, () => {}]);
  },
  moduleError(...args) {
    return requireBuiltin('internal/modules/errors').moduleError(...args);
  },
  systemError(...args) {
    return requireBuiltin('internal/modules/errors').systemError(...args);
  },
  rejectionChanged: tasks.rejectionChanged,
  turn: timers.turn,
  drain: tasks.drain,
  delay: timers.delay,
  isAlive: () => timers.isAlive() || (builtins.get('internal/network/exchange')?.exports.isAlive() ?? false) ||
    (builtins.get('internal/host/calls')?.exports.isAlive() ?? false),
  /** Takes what the runtime tells of a request that it makes for the program. */
  deliver(...message) {
    builtins.get('internal/network/exchange')?.exports.deliver(...message);
    tasks.drain();
  },
  /** Takes the runtime's answer to something that the program asked of it. */
  answer(...message) {
    builtins.get('internal/host/calls')?.exports.answer(...message);
    tasks.drain();
  },
  /** Gives up what belongs to a request that is answered now. */
  endRequest(request) {
    if (builtins.get('internal/host/calls')?.exports.end(request)) tasks.drain();
    builtins.get('internal/host/signal')?.exports.renew();
  },
  /** Tells the program that nobody waits for its call any more; whether it could care. */
  cancel() {
    const signal = builtins.get('internal/host/signal')?.exports;
    if (signal === undefined) return false;
    signal.cancel();
    tasks.drain();
    return true;
  },
  textLength: (text) => text.length,
  wellFormed: Function.prototype.call.bind(String.prototype.toWellFormed),
  /** Passes on what a program wrote to its standard streams without ending the line. */
  flush() {
    builtins.get('internal/process/streams')?.exports.flush();
  },
  /** Gives the program its surroundings. */
  surround({ environment, observed, ...surroundings }) {
    const env = observed ? requireBuiltin('internal/process/watched').watched(environment) : environment;
    requireBuiltin('internal/process').env = env;
    Object.assign(requireBuiltin('internal/surroundings'), surroundings);
  },
  /** Runs the text of an async function's body, as `node` would run a module. */
  evaluate(make, filename) {
    const { createRequire } = requireBuiltin('internal/modules/commonjs');
    const folder = filename.slice(0, filename.lastIndexOf('/')) || '/';
    const module = { exports: {}, filename };
    return apply(make, module.exports, [module.exports, createRequire(filename), module, filename, folder]);
  },
  load: (...args) => requireBuiltin('internal/skill').load(...args),
  offers: (...args) => requireBuiltin('internal/skill').offers(...args),
  call: (...args) => requireBuiltin('internal/skill').call(...args),
  hook: (...args) => requireBuiltin('internal/skill').hook(...args),
  receiver: () => requireBuiltin('internal/skill').receiver(),
});
