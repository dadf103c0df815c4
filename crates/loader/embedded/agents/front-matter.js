'use strict';

// The head of a Markdown file: lines between two lines of three hyphens. What agents' files use of YAML is
// read: plain and quoted values, lists, and blocks. Whatever else stands there is passed over.

/** The most lines of a head that are read. */
const MOST_LINES = 400;
/** The most letters of one value. */
const LONGEST_VALUE = 16384;
/** The most items of a list. */
const MOST_ITEMS = 200;

/**
 * Splits a Markdown text into its head and its body.
 * @param {string} text
 * @returns {{ fields: Map<string, string | string[]>, body: string, problem?: string }}
 */
function frontMatter(text) {
  const lines = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n').split('\n');
  if (lines[0].trimEnd() !== '---') {
    return { fields: new Map(), body: lines.join('\n'), problem: 'it has no front matter' };
  }
  const end = lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---');
  if (end === -1 || end > MOST_LINES) {
    const problem = end === -1 ? 'its front matter does not end' : `its front matter has more than ${MOST_LINES} lines`;
    return { fields: new Map(), body: '', problem };
  }
  return { fields: readFields(lines.slice(1, end)), body: lines.slice(end + 1).join('\n') };
}

function readFields(lines) {
  const fields = new Map();
  let at = 0;
  while (at < lines.length) {
    const [key, rest] = keyAndRest(lines[at]);
    at += 1;
    if (key === undefined) {
      continue;
    }
    // What belongs to the key is indented, or an item of a list.
    const first = at;
    while (at < lines.length && /^(?:[ \t]|- |-$|$)/.test(lines[at])) {
      at += 1;
    }
    if (!fields.has(key)) {
      fields.set(key, value(rest, lines.slice(first, at)));
    }
  }
  return fields;
}

/** The key before the first colon, if the line begins with one. */
function keyAndRest(line) {
  const colon = line.indexOf(':');
  const key = line.slice(0, Math.max(colon, 0));
  return /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(key) ? [key, line.slice(colon + 1).trim()] : [undefined, ''];
}

function value(rest, below) {
  if (/^[|>][+-]?[0-9]?$/.test(rest)) {
    const separator = rest[0] === '|' ? '\n' : ' ';
    return below.map((line) => line.trim()).join(separator).trim().slice(0, LONGEST_VALUE);
  }
  if (rest === '') {
    const items = below.map((line) => line.trim()).filter((line) => line.startsWith('- '));
    return items.slice(0, MOST_ITEMS).map((item) => scalar(item.slice(2).trim()));
  }
  if (rest.startsWith('[') && rest.endsWith(']')) {
    const items = rest.slice(1, -1).slice(0, LONGEST_VALUE).split(',', MOST_ITEMS);
    return items.map((item) => scalar(item.trim())).filter(Boolean);
  }
  // A plain value goes on in the lines below it.
  return scalar([rest, ...below.map((line) => line.trim())].join(' ').trim());
}

function scalar(text) {
  const quote = text[0];
  const isQuoted = text.length > 1 && (quote === '"' || quote === "'") && text.endsWith(quote);
  const inner = isQuoted ? text.slice(1, -1) : text;
  return inner.replace(/\\n/g, '\n').replace(/\\"/g, '"').slice(0, LONGEST_VALUE);
}

module.exports = { frontMatter };
