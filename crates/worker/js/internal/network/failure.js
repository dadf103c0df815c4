'use strict';

// How a request failed, as Node would put it. What the runtime tells is `{code, message, host, port}`.

const { errnoOf } = require('internal/uv');

/** Errors of system calls: the call, and the code. */
const SYSTEM = {
  __proto__: null,
  'name-not-found': ['getaddrinfo', 'ENOTFOUND'],
  'connection-refused': ['connect', 'ECONNREFUSED'],
  'unreachable': ['connect', 'EHOSTUNREACH'],
  'connect-timeout': ['connect', 'ETIMEDOUT'],
  'connection-reset': ['read', 'ECONNRESET'],
};

/** Others: the code. */
const OTHERS = {
  __proto__: null,
  'security-violation': 'SECURITY_VIOLATION',
  'certificate': 'CERT_INVALID',
  'tls': 'EPROTO',
  'hung-up': 'ECONNRESET',
  'head-too-large': 'HPE_HEADER_OVERFLOW',
  'response-invalid': 'HPE_INVALID_CONSTANT',
  'response-truncated': 'ECONNRESET',
  'response-timeout': 'ETIMEDOUT',
  'request-invalid': 'ERR_INVALID_ARG_VALUE',
  'no-host': 'ENETUNREACH',
};

/** The failure's word, for who wants to put it otherwise. */
const kReason = Symbol('reason');

function makeSystemError([syscall, code], { host, port }) {
  let message = `${syscall} ${code}`;
  if (syscall === 'connect') message += ` ${host}:${port}`;
  if (syscall === 'getaddrinfo') message += ` ${host}`;
  const error = new Error(message);
  error.errno = syscall === 'getaddrinfo' ? -3008 : errnoOf(code);
  error.code = code;
  error.syscall = syscall;
  if (syscall === 'connect') Object.assign(error, { address: host, port });
  if (syscall === 'getaddrinfo') error.hostname = host;
  return error;
}

function makeError(failure) {
  const system = SYSTEM[failure.code];
  let error;
  if (system !== undefined) {
    error = makeSystemError(system, failure);
  } else {
    const message = failure.code === 'hung-up' ? 'socket hang up' : failure.message;
    error = new Error(message ?? 'the network cannot be reached from here');
    error.code = OTHERS[failure.code];
  }
  Object.defineProperty(error, kReason, { value: failure.code });
  return error;
}

module.exports = { kReason, makeError };
