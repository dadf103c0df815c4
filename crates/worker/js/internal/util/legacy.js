'use strict';

// Members of util that are deprecated but still there.

const { codes, ErrnoException } = require('internal/errors');
const { validateNumber } = require('internal/validators');
const types = require('internal/util/types');

function isPrimitive(value) {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

/** Copies the own enumerable properties of `source`. */
function extend(target, source) {
  if (source === null || typeof source !== 'object') return target;
  return Object.assign(target, source);
}

/** A failed connection: `connect ECONNREFUSED 127.0.0.1:80 - Local (…)`. */
function exceptionWithHostPort(errno, syscall, address, port, additional) {
  const place = port && port > 0 ? `${address}:${port}` : address;
  const error = new ErrnoException(errno, syscall, `${place}${additional ? ` - Local (${additional})` : ''}`);
  return Object.assign(error, { address }, port ? { port } : {});
}

function log(...args) {
  const now = new Date();
  const two = (number) => `${number}`.padStart(2, '0');
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][now.getMonth()];
  const { format } = require('internal/util/format');
  globalThis.console.log('%s - %s', `${now.getDate()} ${month} ${time}`, format(...args));
}

function getSystemErrorName(error) {
  validateNumber(error, 'err');
  if (error >= 0 || !Number.isSafeInteger(error)) throw new codes.ERR_OUT_OF_RANGE('err', 'a negative integer', error);
  return require('internal/errors').uvErrmapGet(error)?.[0] ?? `Unknown system error ${error}`;
}

module.exports = {
  _errnoException: (...args) => new ErrnoException(...args),
  _exceptionWithHostPort: exceptionWithHostPort,
  _extend: extend,
  getSystemErrorName,
  isBoolean: (value) => typeof value === 'boolean',
  isDate: types.isDate,
  isError: (value) => types.isNativeError(value) || value instanceof Error,
  isFunction: (value) => typeof value === 'function',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === 'number',
  isObject: (value) => value !== null && typeof value === 'object',
  isPrimitive,
  isRegExp: types.isRegExp,
  isString: (value) => typeof value === 'string',
  isSymbol: (value) => typeof value === 'symbol',
  isUndefined: (value) => value === undefined,
  log,
};
