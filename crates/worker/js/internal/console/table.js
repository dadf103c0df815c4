'use strict';

// `console.table`.

const { getStringWidth, inspect } = require('internal/util/inspect');

function cell(value) {
  const depth = value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 2
    ? -1
    : 0;
  return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth });
}

/** Draws columns of cells below their heads. */
function draw(heads, columns) {
  const width = heads.map((head, index) =>
    Math.max(getStringWidth(head), ...columns[index].map((text) => getStringWidth(text))) + 2);
  const rule = (left, middle, right) => left + width.map((size) => '─'.repeat(size)).join(middle) + right;
  const row = (cells) => `│${cells.map((text, index) =>
    ` ${text}${' '.repeat(width[index] - getStringWidth(text) - 1)}`).join('│')}│`;
  const lines = [rule('┌', '┬', '┐'), row(heads), rule('├', '┼', '┤')];
  const height = Math.max(0, ...columns.map((column) => column.length));
  for (let index = 0; index < height; index++) lines.push(row(columns.map((column) => column[index] ?? '')));
  lines.push(rule('└', '┴', '┘'));
  return lines.join('\n');
}

/** The table of `data`, or undefined when it has no rows to be shown as such. */
function renderTable(data, columns) {
  if (columns !== undefined && !Array.isArray(columns)) {
    const { codes } = require('internal/errors');
    throw new codes.ERR_INVALID_ARG_TYPE('properties', 'Array', columns);
  }
  if (data === null || typeof data !== 'object') return undefined;
  if (data instanceof Map) {
    const entries = [...data];
    return draw(['(iteration index)', 'Key', 'Values'], [
      entries.map((_, index) => `${index}`),
      entries.map(([key]) => cell(key)),
      entries.map(([, value]) => cell(value)),
    ]);
  }
  if (data instanceof Set) {
    const items = [...data];
    return draw(['(iteration index)', 'Values'], [items.map((_, index) => `${index}`), items.map(cell)]);
  }
  const rows = Object.keys(data);
  const cells = new Map();
  const values = [];
  let hasValues = false;
  rows.forEach((key, index) => {
    const item = data[key];
    const isPrimitive = item === null || (typeof item !== 'function' && typeof item !== 'object');
    if (isPrimitive) {
      hasValues = true;
      values[index] = cell(item);
      return;
    }
    for (const column of columns ?? Object.keys(item)) {
      if (!cells.has(column)) cells.set(column, []);
      if (Object.hasOwn(item, column)) cells.get(column)[index] = cell(item[column]);
    }
  });
  const heads = ['(index)', ...cells.keys()];
  const body = [rows, ...cells.values()];
  if (hasValues) {
    heads.push('Values');
    body.push(values);
  }
  for (const column of body) column.length = rows.length;
  return draw(heads, body.map((column) => Array.from(column, (text) => text ?? '')));
}

module.exports = { renderTable };
