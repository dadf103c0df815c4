'use strict';

// The class FormData.

const {
  defineIteration, isObject, notConvertible, requireArguments, requireBrand, usvString,
} = require('internal/fetch/convert');
const { Blob, File } = require('internal/blob');
const { finishClass } = require('internal/webstreams/shared');

let entriesOf;
let isFormData;

/** An entry's value: a string, or a file that has a name. */
function entryValue(method, count, value, fileName) {
  if (!(value instanceof Blob)) {
    if (count >= 3) {
      throw new TypeError(`Failed to execute '${method}' on 'FormData': parameter 2 is not of type 'Blob'`);
    }
    return usvString(value);
  }
  const isFile = value instanceof File;
  if (isFile && count < 3) return value;
  const name = count >= 3 ? usvString(fileName) : 'blob';
  return new File([value], name, { type: value.type, lastModified: isFile ? value.lastModified : undefined });
}

class FormData {
  #entries = [];

  constructor(form) {
    if (form !== undefined) throw notConvertible('FormData constructor', 'Argument 1', ['undefined']);
  }

  append(name, value, fileName = undefined) {
    requireBrand(isFormData(this));
    requireArguments(arguments.length, 2, 'FormData.append');
    const made = entryValue('append', arguments.length, value, fileName);
    this.#entries.push([usvString(name), made]);
  }

  delete(name) {
    requireBrand(isFormData(this));
    requireArguments(arguments.length, 1, 'FormData.delete');
    name = usvString(name);
    this.#entries = this.#entries.filter(([key]) => key !== name);
  }

  get(name) {
    requireBrand(isFormData(this));
    requireArguments(arguments.length, 1, 'FormData.get');
    name = usvString(name);
    return this.#entries.find(([key]) => key === name)?.[1] ?? null;
  }

  getAll(name) {
    requireBrand(isFormData(this));
    requireArguments(arguments.length, 1, 'FormData.getAll');
    name = usvString(name);
    return this.#entries.filter(([key]) => key === name).map(([, value]) => value);
  }

  has(name) {
    requireBrand(isFormData(this));
    requireArguments(arguments.length, 1, 'FormData.has');
    name = usvString(name);
    return this.#entries.some(([key]) => key === name);
  }

  set(name, value, fileName = undefined) {
    requireBrand(isFormData(this));
    requireArguments(arguments.length, 2, 'FormData.set');
    const made = entryValue('set', arguments.length, value, fileName);
    name = usvString(name);
    const first = this.#entries.findIndex(([key]) => key === name);
    if (first === -1) {
      this.#entries.push([name, made]);
      return;
    }
    this.#entries[first] = [name, made];
    this.#entries = this.#entries.filter(([key], index) => index <= first || key !== name);
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
    const shown = { __proto__: null };
    for (const [name, value] of this.#entries) {
      if (!(name in shown)) shown[name] = value;
      else if (Array.isArray(shown[name])) shown[name].push(value);
      else shown[name] = [shown[name], value];
    }
    options.depth ??= depth;
    const text = require('internal/util/format').formatWithOptions(options, shown);
    return `FormData ${text.slice(text.indexOf(']') + 2)}`;
  }

  static {
    isFormData = (value) => isObject(value) && #entries in value;
    entriesOf = (form) => form.#entries;
  }
}
finishClass(FormData, ['append', 'delete', 'get', 'getAll', 'has', 'set'], 'FormData');
Object.defineProperty(FormData.prototype, Symbol.for('nodejs.util.inspect.custom'), { enumerable: false });
defineIteration(FormData, (form) => {
  requireBrand(isFormData(form));
  return entriesOf(form);
});

module.exports = { FormData, isFormData };
