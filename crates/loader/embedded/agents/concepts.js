'use strict';

// What a text is about, as weights of the areas and actions of the lexicon.

const { concepts } = require('./lexicon');
const { isCommon, isStopWord, stem, words } = require('./words');

/** The most words of a text that count. */
const MOST_WORDS = 4000;
/** The most words of a phrase. */
const LONGEST_PHRASE = 3;
/** What a word is worth for an area that its own area is part of. */
const BROADER = 0.35;
/** What a word of an action is worth beside one of an area. */
const ACTION = 0.25;
/** What a common word is worth beside others. */
const COMMON = 0.5;

/** For each stem or phrase of stems, `[concept, weight]` for all that it speaks of. */
const MEANINGS = meanings();

/** The stems that phrases begin with: most words need not be looked at with the ones after them. */
const PHRASE_STARTS = new Set([...MEANINGS.keys()].filter((term) => term.includes(' ')).map((term) => term.split(' ')[0]));

function meanings() {
  const byName = new Map(concepts.map((concept, at) => [concept.name, at]));
  const found = new Map();
  concepts.forEach((concept, at) => {
    const broader = concept.broader.map((name) => byName.get(name));
    for (const word of new Set(concept.words.map((word) => words(word.replace(/_/g, ' ')).map(stem).join(' ')))) {
      const entry = found.get(word) || new Map();
      const raise = (to, weight) => entry.set(to, Math.max(entry.get(to) || 0, weight));
      raise(at, concept.kind === 'area' ? 1 : ACTION);
      broader.forEach((to) => raise(to, BROADER));
      found.set(word, entry);
    }
  });
  for (const [word, entry] of found) {
    // A word that speaks of many things says less about each of them.
    const own = [...entry.values()].filter((weight) => weight === 1).length;
    const share = 1 / Math.sqrt(Math.max(own, 1));
    found.set(word, [...entry].map(([concept, weight]) => [concept, weight * share]));
  }
  return found;
}

/**
 * @typedef {object} Term
 * @property {string} written how it is written in the text
 * @property {number} count how often it occurs
 * @property {number} weight how much it says
 */

/**
 * The stems of a text's words, for comparing words, and the stems and phrases that speak of something. A word of a
 * phrase that is known does not speak for itself.
 * @param {string} text
 * @returns {{ words: Map<string, Term>, speaking: Map<string, Term> }}
 */
function terms(text) {
  const all = words(text).slice(0, MOST_WORDS).map(known);
  const found = { words: new Map(), speaking: new Map() };
  let spokenFor = 0;
  for (let at = 0; at < all.length; at += 1) {
    const word = all[at];
    const length = word.beginsPhrases ? phraseAt(all, at) : 1;
    if (length > 1) {
      const phrase = all.slice(at, at + length);
      add(found.speaking, phrase.map((one) => one.stem).join(' '), phrase.map((one) => one.written).join(' '), 1);
      spokenFor = Math.max(spokenFor, at + length);
    }
    if (!word.isStop) {
      add(found.words, word.stem, word.written, word.weight);
      if (word.speaks && at >= spokenFor) {
        add(found.speaking, word.stem, word.written, word.weight);
      }
    }
  }
  return found;
}

/** The most words that are remembered; beyond that they are looked up again. */
const MOST_REMEMBERED = 50000;
const remembered = new Map();

/** What is known of a word. */
function known(written) {
  let found = remembered.get(written);
  if (found === undefined) {
    const stemmed = stem(written);
    found = {
      written,
      stem: stemmed,
      isStop: isStopWord(written),
      weight: isCommon(written) ? COMMON : 1,
      speaks: MEANINGS.has(stemmed),
      beginsPhrases: PHRASE_STARTS.has(stemmed),
    };
    if (remembered.size < MOST_REMEMBERED) {
      remembered.set(written, found);
    }
  }
  return found;
}

/** How many words the longest known phrase has that begins here; 1 if there is none. */
function phraseAt(all, at) {
  for (let length = Math.min(LONGEST_PHRASE, all.length - at); length > 1; length -= 1) {
    if (MEANINGS.has(all.slice(at, at + length).map((word) => word.stem).join(' '))) {
      return length;
    }
  }
  return 1;
}

function add(found, term, written, weight) {
  const entry = found.get(term);
  if (entry) {
    entry.count += 1;
  } else {
    found.set(term, { written, count: 1, weight });
  }
}

/** The concepts a term speaks of, as `[concept, weight]`. */
function meaningsOf(term) {
  return MEANINGS.get(term) || [];
}

/** Whether a word or phrase speaks of more than one area, leaving out the broader ones. */
function isAmbiguous(written) {
  const meanings = meaningsOf(words(written).map(stem).join(' ')).filter(([concept]) => concepts[concept].kind === 'area');
  const strongest = Math.max(...meanings.map(([, weight]) => weight));
  return meanings.filter(([, weight]) => weight === strongest).length > 1;
}

module.exports = { concepts, isAmbiguous, meaningsOf, terms };
