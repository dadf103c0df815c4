'use strict';

// Builtins that this engine does not have.
//
// Every one can be required, its functions can be named, destructured, extended and patched; only who uses one learns
// that it takes the other engine.

const kUnsupported = Symbol('unsupported');

function fail(module, member) {
  const error = new Error(
    `${module}.${member} is not supported by the embedded engine. ` +
      'Set "engine": "node" in skill.json to run the skill on Node.js.',
  );
  error.code = 'ERR_UNSUPPORTED_BY_ENGINE';
  return error;
}

/** A function or class that throws when it is called or constructed, also from a class that extends it. */
function unsupported(module, member) {
  const name = member.slice(member.lastIndexOf('.') + 1);
  const stub = {
    [name]: function() {
      throw fail(module, member);
    },
  }[name];
  stub[kUnsupported] = true;
  Object.defineProperty(stub, kUnsupported, { enumerable: false });
  return stub;
}

/** The exports of the builtin `name`. */
function makeUnsupported(name) {
  const entry = require('internal/unsupported/table')[name];
  const exports = entry.isFunction ? unsupported(name, name) : {};
  for (const member of entry.functions.split(' ')) exports[member] = unsupported(name, member);
  if (entry.values !== undefined) Object.assign(exports, entry.values());
  return exports;
}

module.exports = { fail, makeUnsupported, unsupported };
