'use strict';

// The parts of arrays, collections, buffers and promises.

const types = require('internal/util/types');
const { formatBigInt, formatNumber } = require('internal/util/inspect/primitive');
const { ARRAY_ELEMENT, OBJECT_LIKE } = require('internal/util/inspect/layout');
const { formatProperty } = require('internal/util/inspect/property');

const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size').get;
const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size').get;

function moreItems(count) {
  return `... ${count} more item${count > 1 ? 's' : ''}`;
}

function emptyItems(context, count) {
  return context.stylize(`<${count} empty item${count > 1 ? 's' : ''}>`, 'undefined');
}

/** The elements of an array with holes: runs of missing elements are counted. */
function formatSparse(context, value, level, parts, start) {
  const limit = Math.min(Math.max(0, context.maxArrayLength), value.length);
  let index = start;
  for (const key of Object.keys(value)) {
    if (parts.length >= limit) break;
    const next = Number(key);
    if (next < start) continue;
    if (`${next}` !== key || next > 2 ** 32 - 2) break;
    if (next > index) {
      parts.push(emptyItems(context, next - index));
      index = next;
      if (parts.length === limit) break;
    }
    parts.push(formatProperty(context, value, level, key, ARRAY_ELEMENT));
    index++;
  }
  const remaining = value.length - index;
  if (parts.length !== limit) {
    if (remaining > 0) parts.push(emptyItems(context, remaining));
  } else if (remaining > 0) {
    parts.push(moreItems(remaining));
  }
  return parts;
}

function formatArray(context, value, level) {
  const limit = Math.min(Math.max(0, context.maxArrayLength), value.length);
  const parts = [];
  for (let index = 0; index < limit; index++) {
    if (!Object.hasOwn(value, index)) return formatSparse(context, value, level, parts, index);
    parts.push(formatProperty(context, value, level, index, ARRAY_ELEMENT));
  }
  if (value.length > limit) parts.push(moreItems(value.length - limit));
  return parts;
}

function formatTypedArray(context, value, level) {
  const { length } = value;
  const limit = Math.min(Math.max(0, context.maxArrayLength), length);
  const formatter = typeof value[0] === 'bigint' ? formatBigInt : formatNumber;
  const parts = [];
  for (let index = 0; index < limit; index++) {
    parts.push(formatter(context.stylize, value[index], context.numericSeparator));
  }
  if (length > limit) parts.push(moreItems(length - limit));
  if (context.showHidden) {
    context.indentationLvl += 2;
    for (const key of ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer']) {
      parts.push(`[${key}]: ${context.formatValue(context, value[key], level, true)}`);
    }
    context.indentationLvl -= 2;
  }
  return parts;
}

function formatSet(context, value, level) {
  const limit = Math.min(Math.max(0, context.maxArrayLength), setSize.call(value));
  const parts = [];
  context.indentationLvl += 2;
  for (const item of Set.prototype.values.call(value)) {
    if (parts.length >= limit) break;
    parts.push(context.formatValue(context, item, level));
  }
  const remaining = setSize.call(value) - limit;
  if (remaining > 0) parts.push(moreItems(remaining));
  context.indentationLvl -= 2;
  return parts;
}

function formatMap(context, value, level) {
  const limit = Math.min(Math.max(0, context.maxArrayLength), mapSize.call(value));
  const parts = [];
  context.indentationLvl += 2;
  for (const [key, item] of Map.prototype.entries.call(value)) {
    if (parts.length >= limit) break;
    parts.push(`${context.formatValue(context, key, level)} => ${context.formatValue(context, item, level)}`);
  }
  const remaining = mapSize.call(value) - limit;
  if (remaining > 0) parts.push(moreItems(remaining));
  context.indentationLvl -= 2;
  return parts;
}

function formatArrayBuffer(context, value) {
  let bytes;
  try {
    bytes = new Uint8Array(value);
  } catch {
    return [context.stylize('(detached)', 'special')];
  }
  const limit = Math.min(Math.max(0, context.maxArrayLength), bytes.length);
  const shown = [];
  for (let index = 0; index < limit; index++) shown.push(bytes[index].toString(16).padStart(2, '0'));
  const remaining = bytes.length - limit;
  const trailer = remaining > 0 ? ` ... ${remaining} more byte${remaining > 1 ? 's' : ''}` : '';
  return [`${context.stylize('[Uint8Contents]', 'special')}: <${shown.join(' ')}${trailer}>`];
}

function formatPromise(context, value, level) {
  const { state, result } = types.promiseDetails(value);
  if (state === 'pending') return [context.stylize('<pending>', 'special')];
  context.indentationLvl += 2;
  const text = context.formatValue(context, result, level);
  context.indentationLvl -= 2;
  return [state === 'rejected' ? `${context.stylize('<rejected>', 'special')} ${text}` : text];
}

/** Weak collections keep their items to themselves. */
function formatWeak(context) {
  return [context.stylize('<items unknown>', 'special')];
}

function formatNamespace(names) {
  return (context, value, level) => {
    return names.map((name) => {
      try {
        return formatProperty(context, value, level, name, OBJECT_LIKE);
      } catch {
        // The binding has no value yet.
        const line = formatProperty(context, { [name]: '' }, level, name, OBJECT_LIKE);
        return `${line.slice(0, line.lastIndexOf(' ') + 1)}${context.stylize('<uninitialized>', 'special')}`;
      }
    });
  };
}

module.exports = {
  formatArray,
  formatArrayBuffer,
  formatMap,
  formatNamespace,
  formatPromise,
  formatSet,
  formatTypedArray,
  formatWeak,
  mapSize: (value) => mapSize.call(value),
  setSize: (value) => setSize.call(value),
};
