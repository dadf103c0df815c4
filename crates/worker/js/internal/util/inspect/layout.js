'use strict';

// How the shown parts of an object become one line or several.

const { stripEscapes } = require('internal/util/inspect/style');
const { getStringWidth } = require('internal/util/inspect/width');

const OBJECT_LIKE = 0;
const ARRAY_ELEMENT = 1;
const ARRAY_LIKE = 2;

const SEPARATOR_WIDTH = 2; // ", "
const CHARACTER_HEIGHT = 2.5; // A character is about this much higher than wide.
const MAX_COLUMNS = 15;
const MIN_GROUPED = 6;

function fitsOnLine(context, parts, start, base) {
  let total = parts.length + start;
  if (total + parts.length > context.breakLength) return false;
  for (const part of parts) {
    total += context.colors ? stripEscapes(part).length : part.length;
    if (total > context.breakLength) return false;
  }
  return base === '' || !base.includes('\n');
}

/** How many columns give the entries about the shape of a square. */
function countColumns(context, widest, totalWidth, entries, shown) {
  const bias = Math.sqrt(widest - totalWidth / entries);
  const biasedWidth = Math.max(widest - 3 - bias, 1);
  return Math.min(
    Math.round(Math.sqrt(CHARACTER_HEIGHT * biasedWidth * shown) / biasedWidth),
    Math.floor((context.breakLength - context.indentationLvl) / widest),
    context.compact * 4,
    MAX_COLUMNS,
  );
}

/** Puts the many short entries of an array into aligned columns; numbers are aligned to the right. */
function groupEntries(context, parts, value) {
  const hasTrailer = context.maxArrayLength < parts.length; // "... more items" keeps its own line.
  const shown = hasTrailer ? parts.length - 1 : parts.length;
  const widths = [];
  let totalWidth = 0;
  let longest = 0;
  for (let index = 0; index < shown; index++) {
    const width = getStringWidth(parts[index], context.colors);
    widths.push(width);
    totalWidth += width + SEPARATOR_WIDTH;
    longest = Math.max(longest, width);
  }
  const widest = longest + SEPARATOR_WIDTH;
  if (widest * 3 + context.indentationLvl >= context.breakLength ||
      (totalWidth / widest <= 5 && longest > 6)) return parts;
  const columns = countColumns(context, widest, totalWidth, parts.length, shown);
  if (columns <= 1) return parts;

  const columnWidths = [];
  for (let column = 0; column < columns; column++) {
    let width = 0;
    for (let index = column; index < shown; index += columns) width = Math.max(width, widths[index]);
    columnWidths.push(width + SEPARATOR_WIDTH);
  }
  const alignRight = value !== undefined &&
    parts.every((_, index) => typeof value[index] === 'number' || typeof value[index] === 'bigint');
  const rows = [];
  for (let start = 0; start < shown; start += columns) {
    const last = Math.min(start + columns, shown) - 1;
    let row = '';
    for (let index = start; index < last; index++) {
      const width = columnWidths[index - start] + parts[index].length - widths[index];
      row += alignRight ? `${parts[index]}, `.padStart(width) : `${parts[index]}, `.padEnd(width);
    }
    const width = columnWidths[last - start] + parts[last].length - widths[last] - SEPARATOR_WIDTH;
    row += alignRight ? parts[last].padStart(width) : parts[last];
    rows.push(row);
  }
  if (hasTrailer) rows.push(parts[shown]);
  return rows;
}

/** Joins `parts` between `braces`; `base` stands before them, for example a function's or an error's own text. */
function joinParts(context, parts, base, braces, layout, level, value) {
  const prefix = base === '' ? '' : `${base} `;
  const indentation = `\n${' '.repeat(context.indentationLvl)}`;
  if (context.compact === true) {
    if (fitsOnLine(context, parts, 0, base)) {
      return `${braces[0]}${base === '' ? '' : ` ${base}`} ${parts.join(', ')} ${braces[1]}`;
    }
    const named = base === '' ? '' : ` ${base}`;
    const opening = base === '' && braces[0].length === 1 ? ' ' : `${named}\n${indentation.slice(1)}  `;
    return `${braces[0]}${opening}${parts.join(`,${indentation}  `)} ${braces[1]}`;
  }
  if (typeof context.compact === 'number' && context.compact >= 1) {
    const entries = parts.length;
    if (layout === ARRAY_LIKE && entries > MIN_GROUPED) parts = groupEntries(context, parts, value);
    // Only an object with few levels below it goes on one line.
    if (context.currentDepth - level < context.compact && entries === parts.length) {
      const start = parts.length + context.indentationLvl + braces[0].length + base.length + 10;
      if (fitsOnLine(context, parts, start, base)) {
        const line = parts.join(', ');
        if (!line.includes('\n')) return `${prefix}${braces[0]} ${line} ${braces[1]}`;
      }
    }
  }
  return `${prefix}${braces[0]}${indentation}  ${parts.join(`,${indentation}  `)}${indentation}${braces[1]}`;
}

module.exports = { ARRAY_ELEMENT, ARRAY_LIKE, OBJECT_LIKE, joinParts };
