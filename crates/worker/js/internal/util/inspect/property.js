'use strict';

// How util.inspect shows one property.

const { formatPrimitive, escapeUnprintable, quote } = require('internal/util/inspect/primitive');
const { ARRAY_ELEMENT, OBJECT_LIKE } = require('internal/util/inspect/layout');

const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

function formatName(context, key, descriptor) {
  if (typeof key === 'symbol') return `[${context.stylize(escapeUnprintable(key.toString()), 'symbol')}]`;
  if (key === '__proto__') return "['__proto__']";
  if (descriptor.enumerable === false) return `[${escapeUnprintable(key)}]`;
  if (IDENTIFIER.test(key)) return context.stylize(key, 'name');
  return context.stylize(quote(key), 'string');
}

function wantsGetter(context, descriptor) {
  return context.getters === true || (context.getters === 'get' && descriptor.set === undefined) ||
    (context.getters === 'set' && descriptor.set !== undefined);
}

function formatAccessor(context, descriptor, level, owner) {
  const { stylize } = context;
  const label = descriptor.set === undefined ? 'Getter' : 'Getter/Setter';
  if (!wantsGetter(context, descriptor)) return stylize(`[${label}]`, 'special');
  const around = (text) => `${stylize(`[${label}:`, 'special')} ${text}${stylize(']', 'special')}`;
  try {
    const value = descriptor.get.call(owner);
    context.indentationLvl += 2;
    let text;
    if (value === null) {
      text = around(stylize('null', 'null'));
    } else if (typeof value === 'object') {
      text = `${stylize(`[${label}]`, 'special')} ${context.formatValue(context, value, level)}`;
    } else {
      text = around(typeof value === 'function' ? String(value) : formatPrimitive(stylize, value, context));
    }
    context.indentationLvl -= 2;
    return text;
  } catch (error) {
    return around(`<Inspection threw (${error.message})>`);
  }
}

/** `key: value` of a property, or its value alone for an array's element. */
function formatProperty(context, holder, level, key, layout, descriptor = undefined, owner = holder) {
  descriptor ??= Object.getOwnPropertyDescriptor(holder, key) ??
    { value: holder[key], configurable: true, enumerable: true };
  let gap = ' ';
  let text;
  if (descriptor.value !== undefined) {
    const indentation = context.compact !== true || layout !== OBJECT_LIKE ? 2 : 3;
    context.indentationLvl += indentation;
    text = context.formatValue(context, descriptor.value, level);
    if (indentation === 3) {
      const { getStringWidth } = require('internal/util/inspect/width');
      if (context.breakLength < getStringWidth(text, context.colors)) gap = `\n${' '.repeat(context.indentationLvl)}`;
    }
    context.indentationLvl -= indentation;
  } else if (descriptor.get !== undefined) {
    text = formatAccessor(context, descriptor, level, owner);
  } else if (descriptor.set !== undefined) {
    text = context.stylize('[Setter]', 'special');
  } else {
    text = context.stylize('undefined', 'undefined');
  }
  if (layout === ARRAY_ELEMENT) return text;
  return `${formatName(context, key, descriptor)}:${gap}${text}`;
}

module.exports = { formatProperty };
