'use strict';

const { codes } = require('internal/errors');
const { kValidateObjectAllowObjects, validateObject } = require('internal/validators');

/** A promise for the abort of `signal`. */
async function aborted(signal, resource) {
  if (signal === undefined || signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
    throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
  }
  validateObject(resource, 'resource', kValidateObjectAllowObjects);
  if (signal.aborted) return undefined;
  // An engine that counts references would drop `resource` at once; so the promise does not depend on it.
  return new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

module.exports = { aborted };
