'use strict';

// What an object is called: its constructor, its tag, and the prefix made of both.

/** Names of the engine's own classes; built on first use, since programs may add globals of their own. */
let builtInNames;
function isBuiltInName(name) {
  builtInNames ??= new Set(Object.getOwnPropertyNames(globalThis).filter((key) => /^[A-Z][A-Za-z0-9]+$/.test(key)));
  return builtInNames.has(name);
}

function isInstanceOf(object, constructor) {
  try {
    return object instanceof constructor;
  } catch {
    return false;
  }
}

/** The name of the engine's class of an object without any constructor. */
function engineName(object) {
  return typeof object === 'function' ? 'Function' : Object.prototype.toString.call(object).slice(8, -1);
}

/**
 * The name of the nearest constructor that `object` is an instance of, or null without prototypes.
 *
 * With showHidden, `inherited` collects what the prototypes below that constructor have.
 */
function constructorNameOf(object, context, level, inherited) {
  let firstPrototype;
  for (let holder = object; holder !== null; holder = Object.getPrototypeOf(holder), firstPrototype ??= holder) {
    const constructor = Object.getOwnPropertyDescriptor(holder, 'constructor')?.value;
    if (typeof constructor === 'function' && constructor.name !== '' && isInstanceOf(object, constructor)) {
      if (inherited !== undefined && (firstPrototype !== holder || !isBuiltInName(constructor.name))) {
        addInherited(context, object, firstPrototype ?? object, level, inherited);
      }
      return String(constructor.name);
    }
  }
  firstPrototype ??= null;
  if (firstPrototype === null) return null;
  const own = engineName(object);
  if (!isWithinDepth(context, level)) return `${own} <Complex prototype>`;
  const prototypeName = constructorNameOf(firstPrototype, context, level + 1, inherited);
  if (prototypeName !== null) return `${own} <${prototypeName}>`;
  const { inspect } = require('internal/util/inspect');
  return `${own} <${inspect(firstPrototype, { ...context, customInspect: false, depth: -1 })}>`;
}

/** Adds the properties, other than methods, of up to three prototypes that are not built in. */
function addInherited(context, main, prototype, level, inherited) {
  const { formatProperty } = require('internal/util/inspect/property');
  const { OBJECT_LIKE } = require('internal/util/inspect/layout');
  const shadowed = new Set();
  let holder = prototype;
  for (let depth = 0; depth < 3; depth++) {
    if (depth !== 0 || main === holder) {
      holder = Object.getPrototypeOf(holder);
      if (holder === null) return;
      const constructor = Object.getOwnPropertyDescriptor(holder, 'constructor')?.value;
      if (typeof constructor === 'function' && isBuiltInName(constructor.name)) return;
    }
    context.seen.push(main);
    for (const key of Reflect.ownKeys(holder)) {
      if (key === 'constructor' || Object.hasOwn(main, key) || (depth !== 0 && shadowed.has(key))) continue;
      const descriptor = Object.getOwnPropertyDescriptor(holder, key);
      if (typeof descriptor.value === 'function') continue;
      const text = formatProperty(context, holder, level, key, OBJECT_LIKE, descriptor, main);
      inherited.push(context.colors ? `\u001b[2m${text}\u001b[22m` : text);
    }
    context.seen.pop();
    for (const key of Reflect.ownKeys(holder)) shadowed.add(key);
  }
}

/** The object's Symbol.toStringTag, unless it is listed among its properties anyway. */
function tagOf(context, object) {
  const tag = object[Symbol.toStringTag];
  if (typeof tag !== 'string' || tag === '') return '';
  const listed = context.showHidden ? Object.hasOwn(object, Symbol.toStringTag) :
    Object.prototype.propertyIsEnumerable.call(object, Symbol.toStringTag);
  return listed ? '' : tag;
}

/** `Constructor(size) [tag] `, with the trailing space. */
function prefixOf(constructor, tag, fallback, size = '') {
  if (constructor === null) {
    return tag !== '' && fallback !== tag ?
      `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
  }
  return tag !== '' && constructor !== tag ? `${constructor}${size} [${tag}] ` : `${constructor}${size} `;
}

function isWithinDepth(context, level) {
  return context.depth === null || level <= context.depth;
}

module.exports = { constructorNameOf, isBuiltInName, isWithinDepth, prefixOf, tagOf };
