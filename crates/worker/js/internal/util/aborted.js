'use strict';

const { codes } = require('internal/errors');
const { kValidateObjectAllowObjects, validateObject } = require('internal/validators');

/** A promise for the abort of `signal`; it does not keep `resource` alive. */
async function aborted(signal, resource) {
  if (signal === undefined || signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
    throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal);
  }
  validateObject(resource, 'resource', kValidateObjectAllowObjects);
  if (signal.aborted) return undefined;
  return new Promise((resolve) => {
    const holder = new WeakRef(resource);
    signal.addEventListener('abort', () => {
      if (holder.deref() !== undefined) resolve();
    }, { once: true });
  });
}

module.exports = { aborted };
