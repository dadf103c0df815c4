'use strict';

// What a program does with its `process`: leave, warn, change folder.

const { codes, UVException } = require('internal/errors');
const { builtinExists, requireBuiltin } = require('internal/builtins');
const { validateString } = require('internal/validators');

const engine = binding('engine');

function exit(code) {
  if (code !== undefined) {
    const number = typeof code === 'string' && code !== '' ? Number(code) : code;
    if (code !== null && !Number.isInteger(number)) {
      throw new codes.ERR_INVALID_ARG_TYPE('code', 'integer', code);
    }
    this.exitCode = number ?? undefined;
  }
  if (!this._exiting) {
    this._exiting = true;
    this.emit('exit', this.exitCode || 0);
  }
  this.reallyExit(this.exitCode || 0);
}

/** Prints what `emitWarning` was told, unless the program listens for it. */
function warn(warning) {
  const { process } = globalThis;
  if (process.listenerCount?.('warning') > 0) {
    process.emit('warning', warning);
    return;
  }
  const code = warning.code ? `[${warning.code}] ` : '';
  const detail = typeof warning.detail === 'string' ? `\n${warning.detail}` : '';
  engine.print(2, `(node:${process.pid}) ${code}${warning.name}: ${warning.message}${detail}`);
}

function emitWarning(warning, type, code, constructor) {
  let detail;
  if (type !== null && typeof type === 'object' && !Array.isArray(type)) {
    ({ ctor: constructor, code, detail } = type);
    ({ type } = type);
  } else if (typeof type === 'function') {
    constructor = type;
    type = code = undefined;
  }
  if (type !== undefined) validateString(type, 'type');
  if (typeof code === 'function') {
    constructor = code;
    code = undefined;
  } else if (code !== undefined) {
    validateString(code, 'code');
  }
  type ||= 'Warning';
  if (typeof warning === 'string') {
    const message = warning;
    warning = new Error(message);
    warning.name = type;
    if (code !== undefined) warning.code = code;
    if (detail !== undefined) warning.detail = detail;
    Error.captureStackTrace(warning, constructor ?? emitWarning);
  } else if (!(warning instanceof Error)) {
    throw new codes.ERR_INVALID_ARG_TYPE('warning', ['Error', 'string'], warning);
  }
  if (warning.name === 'DeprecationWarning') {
    if (this.noDeprecation) return;
    if (this.throwDeprecation) {
      this.nextTick(() => { throw warning; });
      return;
    }
  }
  this.nextTick(warn, warning);
}

function chdir(directory) {
  validateString(directory, 'directory');
  const errno = engine.changeFolder(directory);
  if (errno < 0) throw new UVException({ errno, syscall: 'chdir', path: this.cwd(), dest: directory });
}

function umask(mask) {
  if (mask === undefined) return engine.umask(-1);
  const number = typeof mask === 'string' ? Number.parseInt(mask, 8) : mask;
  if (!Number.isInteger(number) || number < 0) {
    throw new codes.ERR_INVALID_ARG_VALUE('mask', mask, 'must be a 32-bit unsigned integer or an octal string');
  }
  return engine.umask(number & 0o777);
}

function kill(pid, signal = 'SIGTERM') {
  if (pid !== this.pid) throw new UVException({ errno: -3, syscall: 'kill' });
  if (signal === 0) return true;
  this.reallyExit(1);
}

function assert(value, message) {
  if (!value) throw new codes.ERR_ASSERTION(message || 'assertion error');
}

module.exports = {
  abort() {
    this.reallyExit(134);
  },
  assert,
  binding(module) {
    const error = new Error(`No such module: ${module}`);
    error.code = 'ERR_INVALID_MODULE';
    throw error;
  },
  chdir,
  cwd: () => engine.workingFolder(),
  emitWarning,
  exit,
  getBuiltinModule(id) {
    validateString(id, 'id');
    const name = id.startsWith('node:') ? id.slice(5) : id;
    return builtinExists(name) ? requireBuiltin(name) : undefined;
  },
  kill,
  reallyExit: (code) => engine.exit(code),
  setSourceMapsEnabled() {},
  sourceMapsEnabled: false,
  umask,
};
