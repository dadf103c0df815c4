'use strict';

// How util.inspect shows values that are not objects.

const SHORT_ESCAPES = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };
// Control characters, the single quote, the backslash, and surrogates without their other half.
const NEEDS_ESCAPE = new RegExp(
  '[\\x00-\\x1f\\x27\\x5c\\x7f-\\x9f]|[\\ud800-\\udbff](?![\\udc00-\\udfff])|' +
  '(?<![\\ud800-\\udbff])[\\udc00-\\udfff]');
const ESCAPE_EACH = new RegExp(NEEDS_ESCAPE.source, 'g');
const ESCAPE_EACH_BUT_SINGLE = new RegExp(NEEDS_ESCAPE.source.replace('\\x27', ''), 'g');

function escapeCharacter(character) {
  if (character === "'") return "\\'";
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  if (code >= 0xd800) return `\\u${code.toString(16)}`;
  return `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

function escape(text, quote) {
  return text.replace(quote === "'" ? ESCAPE_EACH : ESCAPE_EACH_BUT_SINGLE, escapeCharacter);
}

/** `text` as a JavaScript literal, in the quotes that need the fewest escapes. */
function quote(text) {
  let mark = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"';
    else if (!text.includes('`') && !text.includes('${')) mark = '`';
  }
  if (!NEEDS_ESCAPE.test(text)) return mark + text + mark;
  return mark + escape(text, mark) + mark;
}

/** Puts `_` between groups of three digits, from the right in the integer part and from the left after the point. */
function separateDigits(integer) {
  return integer.replace(/\B(?=(\d{3})+$)/g, '_');
}

function formatNumber(stylize, number, numericSeparator) {
  if (Object.is(number, -0) && !numericSeparator) return stylize('-0', 'number');
  const text = `${number}`;
  if (!numericSeparator || text.includes('e') || !Number.isFinite(number)) return stylize(text, 'number');
  const [integer, fraction] = text.split('.');
  if (fraction === undefined) return stylize(separateDigits(integer), 'number');
  return stylize(`${separateDigits(integer)}.${fraction.replace(/(\d{3})(?=\d)/g, '$1_')}`, 'number');
}

function formatBigInt(stylize, bigint, numericSeparator) {
  const text = `${bigint}`;
  return stylize(`${numericSeparator ? separateDigits(text) : text}n`, 'bigint');
}

function formatString(stylize, value, context) {
  let trailer = '';
  if (value.length > context.maxStringLength) {
    const remaining = value.length - context.maxStringLength;
    value = value.slice(0, context.maxStringLength);
    trailer = `... ${remaining} more character${remaining > 1 ? 's' : ''}`;
  }
  // A long text with several lines is shown line by line.
  const room = context.breakLength - context.indentationLvl - 4;
  if (context.compact !== true && value.length > 16 && value.length > room && value.includes('\n')) {
    const lines = value.match(/[^\n]*\n|[^\n]+$/g);
    return lines.map((line) => stylize(quote(line), 'string'))
      .join(` +\n${' '.repeat(context.indentationLvl + 2)}`) + trailer;
  }
  return stylize(quote(value), 'string') + trailer;
}

function formatPrimitive(stylize, value, context) {
  switch (typeof value) {
    case 'string': return formatString(stylize, value, context);
    case 'number': return formatNumber(stylize, value, context.numericSeparator);
    case 'bigint': return formatBigInt(stylize, value, context.numericSeparator);
    case 'boolean': return stylize(`${value}`, 'boolean');
    case 'undefined': return stylize('undefined', 'undefined');
    case 'symbol': return stylize(value.toString(), 'symbol');
    default: return stylize('null', 'null');
  }
}

/** `text` with its unprintable characters escaped, without quotes. */
function escapeUnprintable(text) {
  return NEEDS_ESCAPE.test(text) ? escape(text, "'") : text;
}

module.exports = { escapeUnprintable, formatBigInt, formatNumber, formatPrimitive, quote };
