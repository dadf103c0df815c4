'use strict';

// Globals of Node that this engine does not have: they can be named and extended, but not used.

const { fail, unsupported } = require('internal/unsupported');

const classes = 'MessageChannel MessagePort BroadcastChannel';

/** Classes of which programs make an object to see what kind of surroundings they are in: only its members fail. */
const inert = {
  FormData: 'append delete entries forEach get getAll has keys set values',
  Headers: 'append delete entries forEach get getSetCookie has keys set values',
  Request: 'arrayBuffer blob body bodyUsed clone formData headers json method signal text url',
  Response: 'arrayBuffer blob body bodyUsed clone formData headers json ok redirected status statusText text type url',
};

function inertClass(name) {
  const made = { [name]: class {} }[name];
  for (const member of inert[name].split(' ')) {
    Object.defineProperty(made.prototype, member, {
      configurable: true,
      get() {
        throw fail('globalThis', `${name}.${member}`);
      },
    });
  }
  return made;
}
const entries = {
  Intl: () => require('internal/intl'),
  fetch: () => async function fetch() {
    throw fail('globalThis', 'fetch');
  },
};
for (const name of Object.keys(inert)) entries[name] = () => inertClass(name);
for (const name of classes.split(' ')) entries[name] = () => unsupported('globalThis', name);

module.exports = entries;
