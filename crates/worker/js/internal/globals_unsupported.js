'use strict';

// Globals of Node that this engine does not have: they can be named and extended, but not used.

const { unsupported } = require('internal/unsupported');

const classes = 'MessageChannel MessagePort BroadcastChannel';

const entries = {
  Intl: () => require('internal/intl'),
};
for (const name of classes.split(' ')) entries[name] = () => unsupported('globalThis', name);

module.exports = entries;
