'use strict';

// The environment of a skill that is observed: the runtime is told which variables it looks for.

const host = binding('host');

/** What a manifest can name. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

/** The same variables, with each look at one told; one that the program itself has written is its own. */
function watched(environment) {
  const own = new Set();
  function note(name) {
    if (typeof name === 'string' && !own.has(name) && VARIABLE.test(name)) host.noteVariable(name);
  }
  const env = new Proxy(environment, {
    get(target, name) {
      note(name);
      return target[name];
    },
    has(target, name) {
      note(name);
      return name in target;
    },
    getOwnPropertyDescriptor(target, name) {
      note(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    set(target, name, value, receiver) {
      // What inherits from the environment is no part of it.
      if (receiver === env) own.add(name);
      return Reflect.set(target, name, value, receiver);
    },
  });
  return env;
}

module.exports = { watched };
