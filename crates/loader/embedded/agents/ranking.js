'use strict';

// Ranks agents for a task: by the words that they share (BM25), and by the areas that their words speak of.

const { concepts, meaningsOf, terms } = require('./concepts');

/** What a word counts in an agent's name, description and instructions. */
const FIELDS = [['name', 4], ['description', 2], ['body', 1]];
/** BM25: how soon more of the same counts no more, and how much the length of a text matters. */
const K1 = 1.2;
const B = 0.5;
/** How much of the length of an agent's whole range of areas is divided out: 1 would be a cosine. */
const LENGTH = 0.6;
/** What shared words count beside shared areas. */
const LITERAL = 0.15;
/** How much more several words of a task count that speak of the same area: 1 would be their sum. */
const AGREEMENT = 1.3;
/** The score that counts as half way to certain. */
const STRONG = 1;
/** The most matches that explain a rank, and the most words of a definition in each. */
const MOST_MATCHES = 4;
const MOST_WORDS = 4;

/** Agents in a form that tasks can be compared with. */
class Ranking {
  /** @param {import('./definitions').Agent[]} agents */
  constructor(agents) {
    this.entries = agents.map((agent) => ({ agent, ...profile(agent) }));
    this.termIdf = inverseFrequency(this.entries.map((entry) => entry.terms));
    this.conceptIdf = inverseFrequency(this.entries.map((entry) => entry.concepts));
    const lengths = this.entries.map((entry) => entry.length);
    this.averageLength = lengths.reduce((sum, length) => sum + length, 0) / Math.max(lengths.length, 1) || 1;
    for (const entry of this.entries) {
      entry.areas = this.areas(entry.concepts);
      const square = [...entry.areas.values()].reduce((sum, weight) => sum + weight * weight, 0);
      entry.norm = Math.sqrt(square) ** LENGTH || 1;
    }
  }

  /** The weights of a text's concepts, with those that few agents have counting more. */
  areas(masses) {
    return new Map([...masses].map(([concept, mass]) => [concept, Math.log1p(mass) * this.conceptIdf(concept)]));
  }

  /**
   * The agents that have something to do with a task, best first.
   * @param {string} task
   * @returns {{ agent: object, score: number, confidence: number, matches: object[] }[]}
   */
  rank(task) {
    const query = asked(task);
    const ranked = this.entries
      .map((entry) => this.compare(query, entry))
      .filter(({ score }) => score > 0)
      .sort((one, other) => other.score - one.score || (one.agent.name < other.agent.name ? -1 : 1));
    return ranked.map((found, at) => ({ ...found, confidence: confidence(found, at, ranked) }));
  }

  /** How much an agent has to do with the words of a task. */
  compare(query, entry) {
    const matches = [];
    let score = 0;
    for (const [term, { written, weight }] of query.words) {
      const gain = LITERAL * weight * this.literal(term, entry);
      if (gain > 0) {
        score += gain;
        matches.push({ gain, area: null, task: [written], agent: [written] });
      }
    }
    for (const [concept, { mass, words }] of query.concepts) {
      const gain = (mass * this.conceptIdf(concept) * (entry.areas.get(concept) || 0)) / entry.norm;
      if (gain > 0) {
        score += gain;
        const { name } = concepts[concept];
        const evidence = entry.evidence.get(concept).slice(0, MOST_WORDS);
        matches.push({ gain, area: name, task: words, agent: evidence });
      }
    }
    matches.sort((one, other) => other.gain - one.gain);
    return {
      agent: entry.agent,
      score,
      matches: matches.slice(0, MOST_MATCHES).map(({ area, task, agent }) => ({ area, task, agent })),
    };
  }

  /** BM25 of one word. */
  literal(term, entry) {
    const frequency = entry.terms.get(term) || 0;
    const length = 1 - B + B * (entry.length / this.averageLength);
    return (this.termIdf(term) * frequency * (K1 + 1)) / (frequency + K1 * length);
  }
}

/** The words of a task, and what they speak of: an area that several words speak of counts more than their sum. */
function asked(task) {
  const { words, speaking } = terms(task);
  const found = new Map();
  for (const [term, { written, weight }] of speaking) {
    for (const [concept, share] of meaningsOf(term)) {
      const entry = found.get(concept) || { mass: 0, words: [] };
      entry.mass += weight * share;
      entry.words.push(written);
      found.set(concept, entry);
    }
  }
  found.forEach((entry) => {
    entry.mass **= AGREEMENT;
  });
  return { words, concepts: found };
}

/** What an agent's definition speaks of: weights of words and of concepts, and the words behind each concept. */
function profile(agent) {
  const found = { terms: new Map(), concepts: new Map(), evidence: new Map(), length: 0 };
  for (const [field, weight] of FIELDS) {
    const { words, speaking } = terms(agent[field]);
    for (const [term, { count }] of words) {
      add(found.terms, term, weight * Math.sqrt(count));
      found.length += weight * Math.sqrt(count);
    }
    for (const [term, { count, written, weight: worth }] of speaking) {
      for (const [concept, share] of meaningsOf(term)) {
        add(found.concepts, concept, weight * worth * share * Math.sqrt(count));
        const evidence = found.evidence.get(concept) || [];
        if (!evidence.includes(written)) {
          found.evidence.set(concept, [...evidence, written]);
        }
      }
    }
  }
  return found;
}

function add(map, key, amount) {
  map.set(key, (map.get(key) || 0) + amount);
}

/** How much it says that something occurs: the less the more agents have it. */
function inverseFrequency(maps) {
  const frequencies = new Map();
  maps.forEach((map) => map.forEach((_, key) => add(frequencies, key, 1)));
  return (key) => Math.log(1 + (maps.length + 1) / ((frequencies.get(key) || 0) + 0.5));
}

/** Between 0 and 1: how strong a score is, and how far it is from the next best one. */
function confidence({ score }, at, ranked) {
  const rival = at === 0 ? (ranked[1] || { score: 0 }).score : ranked[0].score;
  return Math.round((100 * score * score) / ((score + STRONG) * (score + rival))) / 100;
}

/**
 * Says why an agent was chosen.
 * @param {{ area: string | null, task: string[], agent: string[] }[]} matches
 * @returns {string[]}
 */
function reasons(matches) {
  const quoted = (words) => words.map((word) => `"${word}"`).join(', ');
  return matches.map(({ area, task, agent }) => area === null
    ? `The definition has ${quoted(task)} of the task.`
    : `${area}: ${quoted(task)} in the task, ${quoted(agent)} in the definition.`);
}

module.exports = { Ranking, reasons };
