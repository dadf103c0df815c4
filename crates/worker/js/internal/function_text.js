'use strict';

// The text of functions that were compiled beforehand: bytecode keeps the place of a function but not its text, which is
// read from the file when somebody asks. So a program finds the same text however it was loaded.

const modules = binding('modules');
const { apply } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;
const { prototype } = Function;

const nativeText = prototype.toString;
const [fileOf, lineOf, columnOf] = ['fileName', 'lineNumber', 'columnNumber'].map((name) => {
  const { get } = getOwnPropertyDescriptor(prototype, name);
  // These are the engine's own, which Node does not have.
  delete prototype[name];
  return get;
});

function toString() {
  const text = apply(nativeText, this, []);
  if (!text.endsWith('[native code]\n}')) return text;
  const file = apply(fileOf, this, []);
  if (typeof file !== 'string' || !file.startsWith('/')) return text;
  const isClass = getOwnPropertyDescriptor(this, 'prototype')?.writable === false;
  const found = modules.functionText(file, apply(lineOf, this, []), apply(columnOf, this, []), isClass);
  if (found !== undefined) return found;
  // Whatever it looks like, it must not look like a part of the engine.
  return isClass ? `class ${this.name} { /* compiled */ }` : `function ${this.name}() { /* compiled */ }`;
}

defineProperty(prototype, 'toString', { value: toString, writable: true, enumerable: false, configurable: true });
