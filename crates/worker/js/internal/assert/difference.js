'use strict';

// How an AssertionError tells two values apart: both are inspected line by line, and the lines compared.

const { inspect } = require('internal/util/inspect');

const MAX_SHORT_LENGTH = 12;
const MAX_PRINTED_LINES = 50;
const MAX_LISTED_LINES = 47;
const DEFAULT_COLUMNS = 80;
// Identical lines around a difference that are shown, and the number from which others are left out.
const CONTEXT_LINES = 2;

const readable = {
  __proto__: null,
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: 'Values have same structure but are not reference-equal:',
  notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
};

function inspectValue(value) {
  return inspect(value, {
    compact: false,
    customInspect: false,
    depth: 1000,
    maxArrayLength: Infinity,
    showHidden: false,
    showProxy: false,
    breakLength: Infinity,
    sorted: true,
    getters: true,
  });
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/** The lines of one value, cut off when there are too many. */
function listLines(lines) {
  return lines.length > MAX_PRINTED_LINES ? [...lines.slice(0, MAX_LISTED_LINES - 1), '...'] : lines;
}

/** Lines that differ in a trailing comma only are the same. */
function sameButComma(actual, expected) {
  return actual === expected || actual === `${expected},` || `${actual},` === expected;
}

class Difference {
  constructor(actualLines, expectedLines) {
    this.actual = actualLines;
    this.expected = expectedLines;
    this.result = '';
    this.pending = ''; // Expected lines that come after the actual ones they stand against.
    this.end = '';
    this.skipped = false;
    this.printed = 0;
    this.identical = 0;
  }

  /** Takes the equal lines off both ends. */
  trimEnd(alreadyCounted) {
    let count = alreadyCounted;
    let beyond = '';
    while (this.actual.length > 0 && this.expected.length > 0 && this.actual.at(-1) === this.expected.at(-1)) {
      const line = this.actual.pop();
      this.expected.pop();
      if (count++ < 3) this.end = `\n  ${line}${this.end}`;
      else beyond = line;
    }
    if (count >= 5) {
      this.end = `\n...${this.end}`;
      this.skipped = true;
    }
    // The outermost line opens what is shown.
    if (beyond !== '') this.end = `\n  ${beyond}${this.end}`;
  }

  /** Shows what has been held back of the run of identical lines before line `index` of `lines`. */
  #closeRun(lines, index) {
    const { identical } = this;
    this.identical = 0;
    if (identical <= CONTEXT_LINES) return;
    if (identical > 5) {
      this.result += '\n...';
      this.skipped = true;
    }
    for (let back = Math.min(identical === 5 ? 3 : 2, identical - 2); back > 0; back--) {
      this.result += `\n  ${lines[index - back]}`;
      this.printed++;
    }
  }

  #extra(index) {
    const fromActual = this.actual.length >= this.expected.length;
    const lines = fromActual ? this.actual : this.expected;
    this.#closeRun(lines, index);
    if (fromActual) this.result += `\n+ ${lines[index]}`;
    else this.pending += `\n- ${lines[index]}`;
    this.printed++;
  }

  #pair(index) {
    const actual = this.actual[index];
    const expected = this.expected[index];
    if (!sameButComma(actual, expected)) {
      this.#closeRun(this.actual, index);
      this.result += `\n+ ${actual}`;
      this.pending += `\n- ${expected}`;
      this.printed += 2;
      return;
    }
    this.result += this.pending;
    this.pending = '';
    this.identical++;
    if (this.identical > CONTEXT_LINES) return;
    this.result += `\n  ${actual.length < expected.length ? expected : actual}`;
    this.printed++;
  }

  /** The message, below `header`. */
  print(header, indicator) {
    const title = `${header}\n+ actual - expected`;
    const count = Math.max(this.actual.length, this.expected.length);
    const shared = Math.min(this.actual.length, this.expected.length);
    for (let index = 0; index < count; index++) {
      if (index >= shared) this.#extra(index);
      else this.#pair(index);
      if (this.printed > MAX_PRINTED_LINES && index < count - 2) {
        return `${title} ... Lines skipped\n${this.result}\n...${this.pending}\n...`;
      }
    }
    return `${title}${this.skipped ? ' ... Lines skipped' : ''}\n${this.result}${this.pending}${this.end}${indicator}`;
  }
}

/** For one short line each: a mark below the first character that differs, unless that is seen at once. */
function indicatorFor(actual, expected) {
  const { stderr } = require('process');
  const columns = stderr?.isTTY ? stderr.columns : DEFAULT_COLUMNS;
  if (actual.length + expected.length >= columns) return { indicator: '', matched: 0 };
  let matched = 0;
  while (matched < actual.length && actual[matched] === expected[matched]) matched++;
  if (matched <= 2) return { indicator: '', matched };
  return { indicator: `\n  ${' '.repeat(matched)}^`, matched: 0 };
}

/** Why `actual` is not `expected`, for the strict comparisons. */
function describeDifference(actual, expected, operator, message) {
  if (operator === 'strictEqual' && ((isObject(actual) && isObject(expected)) ||
      (typeof actual === 'function' && typeof expected === 'function'))) operator = 'strictEqualObject';
  const header = message ?? readable[operator];
  const inspected = inspectValue(actual);
  const actualLines = inspected.split('\n');
  const expectedLines = inspectValue(expected).split('\n');
  let mark = { indicator: '', matched: 0 };
  if (actualLines.length === 1 && expectedLines.length === 1 && actualLines[0] !== expectedLines[0]) {
    const [left] = actualLines;
    const [right] = expectedLines;
    if (left.length + right.length <= MAX_SHORT_LENGTH) {
      if (!isObject(actual) && !isObject(expected) && (actual !== 0 || expected !== 0)) {
        return `${header}\n\n${left} !== ${right}\n`;
      }
    } else if (operator !== 'strictEqualObject') {
      mark = indicatorFor(left, right);
    }
  }
  const difference = new Difference(actualLines, expectedLines);
  difference.trimEnd(mark.matched);
  if (difference.actual.length === 0 && difference.expected.length === 0) {
    return `${readable.notIdentical}\n\n${listLines(inspected.split('\n')).join('\n')}\n`;
  }
  return difference.print(header, mark.indicator);
}

/** What the values, which should differ, both are. */
function describeSame(actual, operator) {
  const same = operator === 'notStrictEqual' && (isObject(actual) || typeof actual === 'function');
  const base = readable[same ? 'notStrictEqualObject' : operator];
  const lines = listLines(inspectValue(actual).split('\n'));
  if (lines.length === 1) return `${base}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`;
  return `${base}\n\n${lines.join('\n')}\n`;
}

function shorten(text, limit) {
  return text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
}

/** For the loose comparisons, and any other operator: both values, one after the other. */
function describeBoth(actual, expected, operator) {
  let left = inspectValue(actual);
  let right = inspectValue(expected);
  if (operator === 'notDeepEqual' && left === right) return shorten(`${readable[operator]}\n\n${left}`, 1024);
  left = shorten(left, 512);
  right = shorten(right, 512);
  if (operator === 'deepEqual') return `${readable[operator]}\n\n${left}\n\nshould loosely deep-equal\n\n${right}`;
  if (operator === 'notDeepEqual') {
    return `${readable.notDeepEqualUnequal}\n\n${left}\n\nshould not loosely deep-equal\n\n${right}`;
  }
  return `${left} ${operator} ${right}`;
}

module.exports = { describeBoth, describeDifference, describeSame };
