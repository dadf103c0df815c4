'use strict';

// What the program is told: which skill it is, its settings, and the call that it works at.

const surroundings = require('internal/surroundings');

const host = binding('host');

/** What is told of a call, beside the skill itself. */
const FACTS = ['call', 'trace', 'export', 'session', 'agent', 'roots', 'callers', 'conversation'];
/** The one of them that takes a permission: the runtime wants to know who looks at it. */
const ASKED_FOR = 'conversation';

let known = 0;
let facts = null;

/** Makes a value of JSON one that cannot be changed. */
function freeze(value) {
  if (typeof value !== 'object' || value === null) return value;
  for (const name of Object.keys(value)) freeze(value[name]);
  return Object.freeze(value);
}

/** What was told of the request that the worker works at; null between two. */
function current() {
  const request = host.request();
  if (request !== known) {
    const text = request === 0 ? undefined : host.context();
    facts = text === undefined ? null : freeze(JSON.parse(text));
    known = request;
  }
  return facts;
}

/** One object for the skill's whole life: what it says is about the call that runs. */
const context = { skill: freeze({ ...surroundings.skill }) };
for (const name of FACTS) {
  const get = () => {
    if (name === ASKED_FOR) host.noteContext(name);
    return current()?.[name] ?? null;
  };
  Object.defineProperty(context, name, { enumerable: true, get });
}
Object.freeze(context);

const config = freeze(JSON.parse(JSON.stringify(surroundings.settings)));

module.exports = { config, context };
