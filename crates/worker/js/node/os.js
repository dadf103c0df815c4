'use strict';

// The machine and the person, as far as a sandboxed worker sees them.

const { codes } = require('internal/errors');
const { validateInt32 } = require('internal/validators');

const os = binding('os');

/** Gives functions without arguments their value where text is expected. */
function withPrimitive(fn) {
  Object.defineProperty(fn, Symbol.toPrimitive, { value: () => fn(), configurable: true });
  return fn;
}

let uname;
function describe() {
  uname ??= os.uname();
  return uname;
}

function homedir() {
  return process.env.HOME || '/';
}

function tmpdir() {
  const { env } = process;
  const path = env.TMPDIR || env.TMP || env.TEMP || '/tmp';
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function availableParallelism() {
  return os.parallelism();
}

function systemError(errno, syscall) {
  const [code, message] = require('internal/uv').errorMap.get(errno) ?? ['UNKNOWN', 'unknown error'];
  return new codes.ERR_SYSTEM_ERROR({ errno, code, message, syscall });
}

module.exports = {
  arch: withPrimitive(function arch() { return process.arch; }),
  availableParallelism: withPrimitive(availableParallelism),
  /** One entry for each processor; what else a processor has is not visible in a sandbox. */
  cpus() {
    return Array.from({ length: availableParallelism() }, () => ({
      model: 'unknown', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 },
    }));
  },
  endianness: withPrimitive(function endianness() {
    return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 'LE' : 'BE';
  }),
  freemem: withPrimitive(function freemem() { return os.measure().free; }),
  getPriority(pid = 0) {
    validateInt32(pid, 'pid');
    const priority = os.priority(pid);
    if (priority < 0) throw systemError(priority, 'uv_os_getpriority');
    return priority - os.priorityOffset;
  },
  homedir: withPrimitive(homedir),
  hostname: withPrimitive(function hostname() { return describe().nodename; }),
  loadavg() {
    return os.measure().loads;
  },
  /** Interfaces that are up; a worker has none. */
  networkInterfaces() {
    return {};
  },
  platform: withPrimitive(function platform() { return process.platform; }),
  release: withPrimitive(function release() { return describe().release; }),
  setPriority(pid, priority) {
    if (priority === undefined) {
      priority = pid;
      pid = 0;
    }
    validateInt32(pid, 'pid');
    validateInt32(priority, 'priority', -20, 19);
    const result = os.setPriority(pid, priority);
    if (result < 0) throw systemError(result, 'uv_os_setpriority');
  },
  tmpdir: withPrimitive(tmpdir),
  totalmem: withPrimitive(function totalmem() { return os.measure().total; }),
  type: withPrimitive(function type() { return describe().sysname; }),
  userInfo(options) {
    const [uid, gid] = os.user();
    const { env } = process;
    const info = {
      __proto__: null,
      uid,
      gid,
      username: env.USER || env.LOGNAME || `${uid}`,
      homedir: homedir(),
      shell: env.SHELL || null,
    };
    if (options?.encoding === 'buffer') {
      const { Buffer } = require('buffer');
      for (const key of ['username', 'homedir', 'shell']) if (info[key] !== null) info[key] = Buffer.from(info[key]);
    }
    return info;
  },
  uptime: withPrimitive(function uptime() { return os.measure().uptime; }),
  version: withPrimitive(function version() { return describe().version; }),
  machine: withPrimitive(function machine() { return describe().machine; }),
};

Object.defineProperties(module.exports, {
  constants: { value: require('internal/os/constants'), enumerable: true },
  EOL: { value: '\n', enumerable: true },
  devNull: { value: '/dev/null', enumerable: true },
});
