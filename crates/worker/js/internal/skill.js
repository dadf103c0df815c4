'use strict';

// The skill: which object its functions belong to, and how they are called.
//
// `this` in exported functions and hooks is one object for the skill's whole life: what the module exports if that is an
// object with the functions; an object with the names of an ES module; an instance, if the module exports a class.

const { Module, setMain } = require('internal/modules/commonjs');

const modules = binding('modules');
const { apply, construct } = Reflect;

const HOOKS = ['onLoad', 'onInit', 'onActivate', 'onExecute', 'onDeactivate', 'onUnload'];

let self;
let functions;

function isObject(value) {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function has(object, name) {
  return isObject(object) && typeof object[name] === 'function';
}

/** An object that has what a namespace has, and can be written to. */
function fromNamespace(namespace) {
  const object = {};
  for (const name of Object.keys(namespace)) {
    Object.defineProperty(object, name, {
      configurable: true,
      enumerable: true,
      get: () => namespace[name],
      set(value) {
        Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true });
      },
    });
  }
  return object;
}

function isClass(value, names) {
  if (typeof value !== 'function' || !isObject(value.prototype)) return false;
  return names.some((name) => !has(value, name) && has(value.prototype, name));
}

/** The candidate with most of the functions; the first of equals. */
function choose(candidates, names) {
  let best;
  let most = -1;
  for (const candidate of candidates) {
    if (!isObject(candidate)) continue;
    const count = names.filter((name) => has(candidate, name)).length;
    if (count > most) {
      most = count;
      best = candidate;
    }
  }
  return best;
}

/** Takes what the module exports; returns the names that are missing. */
function take(exported, isNamespace, names) {
  const candidates = isNamespace ? [fromNamespace(exported), exported.default] : [exported];
  if (!isNamespace && isObject(exported) && exported.__esModule) candidates.push(exported.default);
  const single = candidates[candidates.length - 1];
  for (const candidate of [...candidates]) {
    if (isClass(candidate, names)) candidates.push(construct(candidate, []));
  }
  self = choose(candidates, names) ?? {};
  functions = new Set(names);
  // A module that is the one function it offers.
  if (names.length === 1 && typeof single === 'function' && !has(self, names[0]) &&
    (single.name === names[0] || single.name === '' || single.name === 'default')) {
    self = { [names[0]]: single };
  }
  return names.filter((name) => !has(self, name));
}

/** Loads the skill. Gives `{missing, hooks}`, perhaps as a promise. */
function load(entrypoint, names) {
  process.argv[1] = entrypoint;
  setMain(entrypoint);
  const finish = (exported, isNamespace) => {
    const missing = take(exported, isNamespace, names);
    return { missing, hooks: HOOKS.filter((name) => has(self, name)) };
  };
  if (modules.isModule(entrypoint)) return import(entrypoint).then((namespace) => finish(namespace, true));
  return finish(Module._load(entrypoint, undefined, false), false);
}

/** A promise for what only behaves like one. */
function adopt(value) {
  return isObject(value) && typeof value.then === 'function' ? Promise.resolve(value) : value;
}

/** Whether there is an exported function of that name. */
function offers(name) {
  return functions !== undefined && functions.has(name) && has(self, name);
}

/** Calls an exported function. */
function call(name, args) {
  return adopt(apply(self[name], self, args));
}

/** Runs a hook; nothing if the skill has none. */
function hook(name, argument) {
  return has(self, name) ? adopt(apply(self[name], self, [argument])) : undefined;
}

/** The name of the skill's object as V8 names receivers in traces. */
function receiver() {
  try {
    if (typeof self === 'function') return 'Function';
    const { name } = self.constructor;
    return typeof name === 'string' && name !== '' ? name : 'Object';
  } catch {
    return 'Object';
  }
}

module.exports = { call, hook, load, offers, receiver };
