'use strict';

// Cuts a task into its parts and brings them into an order.

const { contentStems, stem, words } = require('./agents/words');

/** The most parts of a task. */
const MOST_PARTS = 20;

/** What is done, in the order in which it is usually done, and the verbs that say so. */
const PHASES = [
  ['understand', 'analyze analyse research investigate explore interview survey compare study diagnose reproduce gather find measure'],
  ['design', 'design plan architect sketch model specify propose outline prioritize estimate choose decide'],
  ['build', 'build implement create develop write add fix repair make migrate convert refactor optimize train integrate move'
    + ' update upgrade remove translate draft generate speed set'],
  ['check', 'test review check audit verify validate evaluate inspect proofread benchmark'],
  ['release', 'deploy release ship publish launch install deliver roll'],
  ['tell', 'document announce present explain teach promote advertise tell inform report summarize'],
  ['operate', 'monitor operate watch maintain observe support'],
].map(([phase, verbs]) => [phase, new Set(words(verbs).map(stem))]);

const VERBS = new Set(PHASES.flatMap(([, verbs]) => [...verbs]));
/** What is written when a thing is there, in order to tell of it. */
const TOLD = /\b(?:announcement|blog post|changelog|documentation|docs|guide|manual|press release|release notes|readme|tutorial)\b/i;
/** Words between two parts of which the second waits for the first. */
const THEN = /^(?:and |but )?(?:then|afterwards|after that|later|next|once done|when that is done)\b[ ,]*/i;
const FIRST = /^(?:first|first of all|to begin with)\b[ ,]*/i;
const LAST = /^(?:and )?(?:finally|at last|at the end|lastly)\b[ ,]*/i;

/**
 * The parts of a task: each with what is done, and with a stage; parts of one stage can be done side by side.
 * @param {string} task
 * @returns {{ found: { text: string, phase: string, stage: number }[], left: number }} the parts, and how many more
 *   were left out
 */
function parts(task) {
  const all = clauses(task);
  const found = [];
  // What comes after a part that is the last one is no earlier than it.
  let floor = -1;
  for (const text of all.slice(0, MOST_PARTS)) {
    const previous = found[found.length - 1];
    const plain = text.replace(THEN, '').replace(FIRST, '').replace(LAST, '').trim();
    const phase = phaseOf(plain);
    const usual = Math.max(floor, PHASES.findIndex(([name]) => name === phase) * MOST_PARTS);
    if (FIRST.test(text)) {
      found.push({ text: plain, phase, stage: -1 });
    } else if (LAST.test(text)) {
      floor = Math.max(usual, ...found.map(({ stage }) => stage + 1));
      found.push({ text: plain, phase, stage: floor });
    } else if (THEN.test(text) && previous) {
      found.push({ text: plain, phase, stage: Math.max(usual, previous.stage + 1) });
    } else {
      found.push({ text: plain, phase, stage: usual });
    }
  }
  return { found, left: all.length - found.length };
}

/** The clauses of a text: its lines and sentences, cut where another thing to do begins. */
function clauses(task) {
  const found = [];
  for (const sentence of task.split(/[\r\n;]+|[.!?](?=\s|$)/)) {
    const plain = sentence.replace(/\s+/g, ' ').trim().replace(/^(?:[-*]|[0-9]{1,3}[.)]) /, '');
    for (const clause of byVerbs(plain)) {
      // What says nothing is no part.
      if (contentStems(clause).length > 0) {
        found.push(clause);
      }
    }
  }
  return found;
}

/** Cuts at commas and `and` after which a verb or a word of order follows. */
function byVerbs(sentence) {
  const pieces = sentence.split(/( ?, ?(?:and )?| and )/i);
  const found = [pieces[0]];
  for (let at = 1; at < pieces.length; at += 2) {
    const next = pieces[at + 1];
    const opens = THEN.test(next) || LAST.test(next) || VERBS.has(stem(words(next)[0] || ''));
    if (opens) {
      found.push(next);
    } else {
      found[found.length - 1] += pieces[at] + next;
    }
  }
  return found;
}

/** What is done in a part, by what is to be written in it or else by its first verb. */
function phaseOf(text) {
  if (TOLD.test(text)) {
    return 'tell';
  }
  for (const word of words(text)) {
    const phase = PHASES.find(([, verbs]) => verbs.has(stem(word)));
    if (phase) {
      return phase[0];
    }
  }
  return 'build';
}

module.exports = { parts };
