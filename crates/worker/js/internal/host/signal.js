'use strict';

// The signal of the call that runs: aborted when nobody waits for it any more. It is one object for the skill's whole life, and
// fresh for each call.

const { abortSignal, makeException, makeSignal, renewSignal } = require('internal/abort_controller');

const signal = makeSignal();

module.exports = {
  signal,
  cancel() {
    abortSignal(signal, makeException('The caller has gone: nobody waits for this call', 'AbortError'));
  },
  renew() {
    renewSignal(signal);
  },
};
