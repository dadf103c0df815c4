'use strict';

const { codes } = require('internal/errors');
const { defineLazy } = require('internal/lazy');

/** Makes `constructor`'s instances inherit from those of `superConstructor`. */
function inherits(constructor, superConstructor) {
  if (constructor === undefined || constructor === null) {
    throw new codes.ERR_INVALID_ARG_TYPE('ctor', 'Function', constructor);
  }
  if (superConstructor === undefined || superConstructor === null) {
    throw new codes.ERR_INVALID_ARG_TYPE('superCtor', 'Function', superConstructor);
  }
  if (superConstructor.prototype === undefined) {
    throw new codes.ERR_INVALID_ARG_TYPE('superCtor.prototype', 'Object', superConstructor.prototype);
  }
  Object.defineProperty(constructor, 'super_', { value: superConstructor, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, superConstructor.prototype);
}

/** A member of `file`, named as it is here. */
function from(file, ...names) {
  return names.map((name) => [name, () => require(file)[name]]);
}

module.exports = defineLazy({ inherits, isArray: Array.isArray }, Object.fromEntries([
  ...from('internal/util/inspect', 'inspect', 'stripVTControlCharacters'),
  ...from('internal/util/format', 'format', 'formatWithOptions'),
  ...from('internal/util/promisify', 'promisify', 'callbackify'),
  ...from('internal/util/deprecate', 'deprecate'),
  ...from('internal/util/debuglog', 'debuglog'),
  ['debug', () => require('internal/util/debuglog').debuglog],
  ...from('internal/util/types', 'types'),
  ...from('internal/util/comparisons', 'isDeepStrictEqual'),
  ...from('internal/util/style_text', 'styleText'),
  ...from('internal/util/parse_args', 'parseArgs'),
  ...from('internal/util/parse_env', 'parseEnv'),
  ...from('internal/util/mime', 'MIMEType', 'MIMEParams'),
  ...from('internal/encoding', 'TextEncoder', 'TextDecoder'),
  ...from('internal/util/aborted', 'aborted'),
  ...from('internal/util/legacy', '_errnoException', '_exceptionWithHostPort', '_extend', 'getSystemErrorName',
    'isBoolean', 'isDate', 'isError', 'isFunction', 'isNull', 'isNullOrUndefined', 'isNumber', 'isObject',
    'isPrimitive', 'isRegExp', 'isString', 'isSymbol', 'isUndefined', 'log'),
  ['getSystemErrorMap', () => () => require('internal/uv').errorMap],
  ['isBuffer', () => require('buffer').Buffer.isBuffer],
  ['toUSVString', () => (value) => `${value}`.toWellFormed()],
  ['transferableAbortController', () => () => new (require('internal/abort_controller').AbortController)()],
  ['transferableAbortSignal', () => (signal) => signal],
]));
