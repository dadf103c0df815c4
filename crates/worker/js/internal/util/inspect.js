'use strict';

// util.inspect: options, and the walk over one value. How each kind of value is shown is told by the modules below
// internal/util/inspect; how the pieces become lines, by internal/util/inspect/layout.

const { validateObject, validateString } = require('internal/validators');
const { isProxy, proxyDetails } = binding('types');
const { formatPrimitive } = require('internal/util/inspect/primitive');
const style = require('internal/util/inspect/style');

const kCustom = Symbol.for('nodejs.util.inspect.custom');

const defaultOptions = Object.seal({
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
});

function readOptions(context, options) {
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(defaultOptions, key) || key === 'stylize') context[key] = options[key];
    else context.userOptions ??= options;
  }
}

/** `value` as text for people. The second parameter may also be `showHidden`, followed by `depth` and `colors`. */
function inspect(value, options, depth, colors) {
  const context = {
    ...defaultOptions,
    budget: {},
    indentationLvl: 0,
    seen: [],
    currentDepth: 0,
    stylize: style.plain,
    circular: undefined,
    userOptions: undefined,
    formatValue,
  };
  if (depth !== undefined) context.depth = depth;
  if (colors !== undefined) context.colors = colors;
  if (typeof options === 'boolean') context.showHidden = options;
  else if (options) readOptions(context, options);
  if (context.colors) context.stylize = style.colored;
  context.maxArrayLength ??= Infinity;
  context.maxStringLength ??= Infinity;
  return formatValue(context, value, 0);
}
inspect.custom = kCustom;
inspect.colors = style.colors;
inspect.styles = style.styles;

Object.defineProperty(inspect, 'defaultOptions', {
  get: () => defaultOptions,
  set(options) {
    validateObject(options, 'options');
    Object.assign(defaultOptions, options);
  },
});

/** The options a custom inspection function gets. */
function optionsForUser(context, crossContext) {
  const options = { stylize: context.stylize };
  for (const key of Object.keys(defaultOptions)) options[key] = context[key];
  Object.assign(options, context.userOptions);
  if (!crossContext) return options;
  // Nothing of this realm's objects may be reached through what a foreign object is given.
  Object.setPrototypeOf(options, null);
  const { stylize } = options;
  options.stylize = Object.setPrototypeOf((text, flavour) => `${stylize(text, flavour)}`, null);
  return options;
}

/** What is needed for objects only. */
let loaded;
function loadParts() {
  return (loaded ??= {
    ...require('internal/util/inspect/layout'),
    ...require('internal/util/inspect/name'),
    ...require('internal/util/inspect/property'),
    ...require('internal/util/inspect/kind'),
  });
}

/** The target behind any number of proxies, or null for a revoked one. */
function withoutProxies(value) {
  while (isProxy(value)) {
    const details = proxyDetails(value);
    if (details === undefined) return null;
    value = details[0];
  }
  return value;
}

function formatProxy(context, value, level) {
  const { ARRAY_LIKE, isWithinDepth, joinParts } = loadParts();
  const details = proxyDetails(value);
  if (details === undefined) return context.stylize('<Revoked Proxy>', 'special');
  if (!isWithinDepth(context, level)) return context.stylize('Proxy [Array]', 'special');
  context.indentationLvl += 2;
  const parts = details.map((part) => formatValue(context, part, level + 1));
  context.indentationLvl -= 2;
  return joinParts(context, parts, '', ['Proxy [', ']'], ARRAY_LIKE, level + 1);
}

/** `value` at nesting `level`; `typedArray` tells that it is the buffer of one that is being shown. */
function formatValue(context, value, level, typedArray) {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    return formatPrimitive(context.stylize, value, context);
  }
  const original = value;
  if (isProxy(value)) {
    if (context.showProxy) return formatProxy(context, value, level);
    value = withoutProxies(value);
    if (value === null) return context.stylize('<Revoked Proxy>', 'special');
  }
  if (context.customInspect) {
    const custom = value[kCustom];
    // Prototypes of classes that define one are shown as they are.
    if (typeof custom === 'function' && custom !== inspect && value.constructor?.prototype !== value) {
      const depth = context.depth === null ? null : context.depth - level;
      const crossContext = original !== value || !(original instanceof Object);
      const shown = custom.call(original, depth, optionsForUser(context, crossContext), inspect);
      if (shown !== original) {
        const text = typeof shown === 'object' ? formatValue(context, shown, level) : `${shown}`;
        return text.replaceAll('\n', `\n${' '.repeat(context.indentationLvl)}`);
      }
    }
  }
  if (context.seen.includes(value)) {
    context.circular ??= new Map();
    let index = context.circular.get(value);
    if (index === undefined) context.circular.set(value, index = context.circular.size + 1);
    return context.stylize(`[Circular *${index}]`, 'special');
  }
  return formatObject(context, value, level, typedArray);
}

/** The shown parts of an object: what its kind shows, its properties, and what showHidden adds of its prototypes. */
function formatParts(context, value, level, shape, inherited) {
  const { formatProperty } = loadParts();
  const parts = shape.format(context, value, level);
  for (const key of shape.keys) parts.push(formatProperty(context, value, level, key, shape.layout));
  if (inherited !== undefined) parts.push(...inherited);
  return parts;
}

function formatObject(context, value, level, typedArray) {
  const {
    OBJECT_LIKE, constructorNameOf, describe, isWithinDepth, joinParts, nameWithoutParts, tagOf,
  } = loadParts();
  let inherited = context.showHidden && isWithinDepth(context, level) ? [] : undefined;
  const constructor = constructorNameOf(value, context, level, inherited);
  if (inherited?.length === 0) inherited = undefined;
  const tag = tagOf(context, value);
  const shape = describe({ context, value, level, typedArray, constructor, tag, inherited });
  if (typeof shape === 'string') return shape;
  if (!isWithinDepth(context, level)) return nameWithoutParts(context, value, constructor, tag);

  context.seen.push(value);
  context.currentDepth = level + 1;
  let lines;
  const { indentationLvl } = context;
  try {
    lines = formatParts(context, value, level + 1, shape, inherited);
  } catch (error) {
    if (!require('internal/errors').isStackOverflowError(error)) throw error;
    context.seen.pop();
    context.indentationLvl = indentationLvl;
    return context.stylize(
      `[${constructor ?? 'Object'}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`, 'special');
  }
  const reference = context.circular?.get(value);
  if (reference !== undefined) {
    const mark = context.stylize(`<ref *${reference}>`, 'special');
    if (context.compact === true) shape.braces[0] = `${mark} ${shape.braces[0]}`;
    else shape.base = shape.base === '' ? mark : `${mark} ${shape.base}`;
  }
  context.seen.pop();

  if (context.sorted) {
    const comparator = context.sorted === true ? undefined : context.sorted;
    if (shape.layout === OBJECT_LIKE) {
      lines.sort(comparator);
    } else if (shape.keys.length > 1) {
      const start = lines.length - shape.keys.length;
      lines.push(...lines.splice(start).sort(comparator));
    }
  }
  const text = joinParts(context, lines, shape.base, shape.braces, shape.layout, level + 1, value);
  spend(context, text.length);
  return text;
}

/** Stops going deeper once one indentation has produced more text than anyone can read. */
function spend(context, length) {
  const total = (context.budget[context.indentationLvl] ?? 0) + length;
  context.budget[context.indentationLvl] = total;
  if (total > 2 ** 27) context.depth = -1;
}

/** `text` without escape sequences for terminals. */
function stripVTControlCharacters(text) {
  validateString(text, 'str');
  return style.stripEscapes(text);
}

module.exports = {
  inspect,
  stripVTControlCharacters,
  get format() {
    return require('internal/util/format').format;
  },
  get formatWithOptions() {
    return require('internal/util/format').formatWithOptions;
  },
  get getStringWidth() {
    return require('internal/util/inspect/width').getStringWidth;
  },
};
