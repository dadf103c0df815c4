'use strict';

// The part of `Intl` that needs no locale data: the segmentation of text into characters as people see them, and the
// names of the locale and the time zone. All else can be named but not used: it takes the other engine.

const { fail, unsupported } = require('internal/unsupported');

/**
 * One extended grapheme cluster (Unicode Standard Annex 29): a line break, a control, a flag, an emoji sequence, a Hangul
 * syllable, or any character, with what extends it.
 */
const CLUSTER = new RegExp([
  '\\r\\n',
  '[\\p{Cc}\\p{Zl}\\p{Zp}]',
  '(?:(?:\\p{RI}{2}|\\p{ExtPict}(?:[\\p{M}\\p{EMod}]*\\u200d\\p{ExtPict})*' +
    '|[\\u1100-\\u115f\\ua960-\\ua97c]*(?:[\\uac00-\\ud7a3][\\u1160-\\u11a7\\ud7b0-\\ud7c6]*|[\\u1160-\\u11a7\\ud7b0-\\ud7c6]+)' +
    '[\\u11a8-\\u11ff\\ud7cb-\\ud7fb]*|[\\u1100-\\u115f\\ua960-\\ua97c]+|[^\\p{Cc}\\p{Zl}\\p{Zp}])' +
    '[\\p{M}\\p{EMod}\\u200c\\u200d\\u{e0020}-\\u{e007f}]*)',
  '[^]',
].join('|'), 'uy');

class Segments {
  #text;

  constructor(text) {
    this.#text = text;
  }

  #at(index) {
    CLUSTER.lastIndex = index;
    const [segment] = CLUSTER.exec(this.#text);
    return { segment, index, input: this.#text };
  }

  containing(index = 0) {
    const target = Math.trunc(index) || 0;
    if (target < 0 || target >= this.#text.length) return undefined;
    for (const data of this) {
      if (data.index + data.segment.length > target) return data;
    }
    return undefined;
  }

  * [Symbol.iterator]() {
    for (let index = 0; index < this.#text.length;) {
      const data = this.#at(index);
      yield data;
      index += data.segment.length;
    }
  }
}

class Segmenter {
  constructor(locales = undefined, options = {}) {
    const { granularity = 'grapheme' } = options;
    if (granularity === 'word' || granularity === 'sentence') throw fail('Intl', `Segmenter (${granularity})`);
    if (granularity !== 'grapheme') {
      throw new RangeError(`Value ${granularity} out of range for Intl.Segmenter options property granularity`);
    }
  }

  segment(text) {
    return new Segments(`${text}`);
  }

  resolvedOptions() {
    return { locale: 'en-US', granularity: 'grapheme' };
  }

  static supportedLocalesOf(locales) {
    if (locales === undefined) return [];
    return typeof locales === 'string' ? [locales] : [...locales];
  }
}

class DateTimeFormat {
  #timeZone;

  constructor(locales = undefined, options = {}) {
    this.#timeZone = options.timeZone ?? 'UTC';
  }

  resolvedOptions() {
    return { locale: 'en-US', calendar: 'gregory', numberingSystem: 'latn', timeZone: this.#timeZone };
  }

  static supportedLocalesOf(locales) {
    return Segmenter.supportedLocalesOf(locales);
  }
}
for (const name of ['format', 'formatToParts', 'formatRange', 'formatRangeToParts']) {
  DateTimeFormat.prototype[name] = unsupported('Intl', `DateTimeFormat.${name}`);
}

/** The class, which like its model can also be called. */
const callable = new Proxy(DateTimeFormat, { apply: (target, receiver, args) => new target(...args) });

const Intl = { DateTimeFormat: callable, Segmenter };
for (const name of ('Collator DisplayNames DurationFormat ListFormat Locale NumberFormat PluralRules ' +
  'RelativeTimeFormat getCanonicalLocales supportedValuesOf').split(' ')) {
  Intl[name] = unsupported('Intl', name);
}
for (const name of Object.keys(Intl)) Object.defineProperty(Intl, name, { enumerable: false });
Object.defineProperty(Intl, Symbol.toStringTag, { value: 'Intl', configurable: true });

module.exports = Intl;
