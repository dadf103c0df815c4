'use strict';

// The errors of the module loader.

const { captureStack } = require('internal/errors');

/** An error of the loader; those with Node's own codes show the code in their trace. */
function moduleError(className, code, message, path) {
  const error = className === 'TypeError' ? new TypeError(message) : new Error(message);
  error.code = code;
  if (code === 'MODULE_NOT_FOUND') {
    if (path !== undefined) error.path = path;
  } else {
    captureStack(error, `${className} [${code}]: ${message}`, moduleError);
  }
  return error;
}

/** A file that could not be read. */
function systemError(errno, path) {
  const { UVException } = require('internal/errors');
  return new UVException({ errno, syscall: 'open', path });
}

module.exports = { moduleError, systemError };
