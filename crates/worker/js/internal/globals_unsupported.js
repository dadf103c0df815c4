'use strict';

// Globals of Node that this engine does not have: they can be named and extended, but not used.

const { fail, unsupported } = require('internal/unsupported');

const classes = 'FormData Headers Request Response MessageChannel MessagePort BroadcastChannel';
const entries = {
  Intl: () => require('internal/intl'),
  fetch: () => async function fetch() {
    throw fail('globalThis', 'fetch');
  },
};
for (const name of classes.split(' ')) entries[name] = () => unsupported('globalThis', name);

module.exports = entries;
