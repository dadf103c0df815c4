'use strict';

// The `process` object. It says that it is Node 20 on Linux, because that is what programs ask it for: which features
// and builtins they may use. What belongs to the surroundings of a real process is fixed or not supported.

const { nextTick, setProcess } = require('internal/task_queue');
const { loadList, requireBuiltin } = require('internal/builtins');

const engine = binding('engine');
const { apply } = Reflect;
const { defineProperty } = Object;

const VERSION = '20.20.0';

function Process() {}
defineProperty(Process, 'name', { value: 'process' });
defineProperty(Process.prototype, 'constructor', { value: Process, enumerable: false });
defineProperty(Process.prototype, Symbol.toStringTag, { value: 'process', configurable: true });

const process = new Process();

// Most programs never listen to their process. The first who does makes it an emitter.
let isEmitter = false;
function becomeEmitter() {
  if (isEmitter) return;
  isEmitter = true;
  const EventEmitter = requireBuiltin('events');
  for (const name of emitterMethods) delete Process.prototype[name];
  Object.setPrototypeOf(Process.prototype, EventEmitter.prototype);
  EventEmitter.call(process);
}
const emitterMethods = [
  'on', 'once', 'off', 'addListener', 'removeListener', 'removeAllListeners', 'prependListener', 'prependOnceListener',
  'emit', 'listeners', 'rawListeners', 'listenerCount', 'eventNames', 'setMaxListeners', 'getMaxListeners',
];
for (const name of emitterMethods) {
  const method = {
    [name](...args) {
      // Nobody listens yet.
      if (name === 'listenerCount') return 0;
      if (name === 'emit') return false;
      becomeEmitter();
      return apply(process[name], process, args);
    },
  }[name];
  defineProperty(Process.prototype, name, { value: method, writable: true, enumerable: false, configurable: true });
}

Object.assign(process, {
  version: `v${VERSION}`,
  versions: {
    node: VERSION,
    modules: '115',
    quickjs: engine.version,
    uv: '1.46.0',
    v8: '11.3.244.8-node.30',
    zlib: '1.3.0',
  },
  arch: engine.architecture,
  platform: 'linux',
  release: { name: 'node', lts: 'Iron' },
  moduleLoadList: loadList,
  _exiting: false,
  exitCode: undefined,
  config: { target_defaults: {}, variables: {} },
  features: {
    inspector: false,
    debug: false,
    uv: true,
    ipv6: false,
    tls_alpn: false,
    tls_sni: false,
    tls_ocsp: false,
    tls: false,
    cached_builtins: true,
    require_module: true,
  },
  env: {},
  title: 'node',
  argv: ['/usr/bin/node'],
  execArgv: [],
  pid: engine.processId,
  ppid: 0,
  execPath: '/usr/bin/node',
  debugPort: 9229,
  argv0: 'node',
  nextTick,
});

Object.assign(process, require('internal/process/measure'));
Object.assign(process, require('internal/process/control'));

function lazy(name, make) {
  defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      const value = make();
      defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
      return value;
    },
    set(value) {
      defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
    },
  });
}
lazy('stdout', () => require('internal/process/streams').makeOutput(1));
lazy('stderr', () => require('internal/process/streams').makeOutput(2));
lazy('stdin', () => require('internal/process/streams').makeInput());
process.openStdin = function openStdin() {
  return this.stdin.resume();
};
lazy('report', () => ({ writeReport: unsupported('writeReport'), getReport: unsupported('getReport') }));
lazy('allowedNodeEnvironmentFlags', () => new Set());

function unsupported(name) {
  return require('internal/unsupported').unsupported('process', name);
}
for (const name of ['dlopen', 'loadEnvFile', 'initgroups', 'setgroups', 'setegid', 'seteuid', 'setgid', 'setuid']) {
  lazy(name, () => unsupported(name));
}

setProcess(process);

module.exports = process;
