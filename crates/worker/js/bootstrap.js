'use strict';

const bindings = { __proto__: null };
const makeBinding = binding;
function getBinding(name) {
  return (bindings[name] ??= makeBinding(name));
}
const engine = getBinding('engine');

const builtins = new Map();
function requireBuiltin(name) {
  name = name.startsWith('node:') ? name.slice(5) : name;
  let module = builtins.get(name);
  if (module === undefined) {
    const make = engine.builtin(name);
    if (make === undefined) throw new Error(`Cannot find module '${name}'`);
    module = { exports: {} };
    builtins.set(name, module);
    make.call(undefined, module.exports, requireBuiltin, module, getBinding);
  }
  return module.exports;
}

globalThis.global = globalThis;

function text(values) {
  if (values.length === 1 && typeof values[0] === 'string') return values[0];
  if (engine.hasBuiltin('internal/util/inspect')) {
    const { formatWithOptions } = requireBuiltin('internal/util/inspect');
    if (formatWithOptions !== undefined) return formatWithOptions({}, ...values);
  }
  return values.map((value) => {
    if (value instanceof Error) return `${value}\n${value.stack}`;
    try {
      return typeof value === 'object' ? JSON.stringify(value) ?? String(value) : String(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  }).join(' ');
}
const print = (level) => (...values) => engine.print(level, text(values));
globalThis.console = {
  log: print(1), info: print(1), debug: print(0), trace: print(0), warn: print(2), error: print(3),
};

let ticks = [];
const timers = new Map();
let nextId = 1;
const immediates = [];
class Timeout {
  constructor(callback, delay, args, repeat) {
    delay = Number(delay);
    if (!(delay >= 1 && delay <= 2147483647)) delay = 1;
    this.id = nextId++;
    this.callback = callback;
    this.delay = delay;
    this.args = args;
    this.repeat = repeat;
    this.at = engine.now() + delay;
    timers.set(this.id, this);
  }
  ref() { return this; }
  unref() { return this; }
  hasRef() { return true; }
  refresh() { this.at = engine.now() + this.delay; return this; }
  [Symbol.toPrimitive]() { return this.id; }
}
globalThis.setTimeout = (callback, delay, ...args) => new Timeout(callback, delay, args, false);
globalThis.setInterval = (callback, delay, ...args) => new Timeout(callback, delay, args, true);
globalThis.clearTimeout = globalThis.clearInterval = (timer) => {
  timers.delete(typeof timer === 'object' && timer !== null ? timer.id : Number(timer));
};
globalThis.setImmediate = (callback, ...args) => {
  const immediate = { callback, args };
  immediates.push(immediate);
  return immediate;
};
globalThis.clearImmediate = (immediate) => { if (immediate) immediate.callback = undefined; };

globalThis.process = {
  env: {}, argv: ['node', 'skill'], platform: 'linux', arch: 'x64', version: 'v20.20.0', versions: { node: '20.20.0' },
  pid: 1, title: 'node', execArgv: [], execPath: '/usr/bin/node', release: { name: 'node' },
  cwd: () => '/', nextTick: (callback, ...args) => { ticks.push(() => callback(...args)); },
  emitWarning() {}, on() { return this; }, once() { return this; }, off() { return this; }, emit() { return false; },
  hrtime: Object.assign(() => { const now = engine.now(); return [Math.floor(now / 1e3), Math.floor((now % 1e3) * 1e6)]; },
    { bigint: () => BigInt(Math.floor(engine.now() * 1e6)) }),
  uptime: () => engine.now() / 1e3, memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
  umask: () => 0o22,
};
builtins.set('process', { exports: globalThis.process });

function drain() {
  do {
    while (ticks.length > 0) ticks.shift()();
    engine.runMicrotasks();
  } while (ticks.length > 0);
}

function turn() {
  drain();
  const now = engine.now();
  for (const timer of [...timers.values()].sort((a, b) => a.at - b.at || a.id - b.id)) {
    if (timer.at > now || !timers.has(timer.id)) continue;
    if (timer.repeat) timer.at = now + timer.delay; else timers.delete(timer.id);
    timer.callback(...timer.args);
    drain();
  }
  for (const immediate of immediates.splice(0)) {
    immediate.callback?.(...immediate.args);
    drain();
  }
  return timers.size > 0 || immediates.length > 0;
}

for (const table of ['internal/globals_a', 'internal/globals_b']) {
  if (!engine.hasBuiltin(table)) continue;
  const entries = requireBuiltin(table);
  for (const name of Object.keys(entries)) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get() {
        const value = entries[name]();
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
        return value;
      },
      set(value) {
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
      },
    });
  }
}

exports.evaluate = function evaluate(make, file) {
  let outcome;
  const module = { exports: {}, filename: file };
  make.call(module.exports, module.exports, requireBuiltin, module, file, '/').then(
    (value) => { outcome = { value }; },
    (error) => { outcome = { error }; },
  );
  while (turn() && outcome === undefined);
  if (outcome === undefined) throw new Error('the promise never settles');
  if ('error' in outcome) throw outcome.error;
  return JSON.stringify(outcome.value) ?? 'null';
};
