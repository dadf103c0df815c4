'use strict';

// Measures how well agents are ranked, beside BM25 over the same words.

const { Ranking } = require('./agents/ranking');
const { contentStems, stem, words } = require('./agents/words');

/**
 * @param {string} definitions lines of name, description and instructions
 * @param {string} queries lines of the agent to find and a task; by turns for development and held out
 * @param {string} natural lines of the agent to find and a task in whatever words
 */
exports.measure = (definitions, queries, natural) => {
  const agents = rows(definitions).map(([name, description, body]) => ({ name, description, body }));
  const labelled = rows(queries).map(([name, task], at) => ({ name, task, part: at % 2 === 0 ? 'development' : 'heldOut' }));
  const parts = {
    development: labelled.filter(({ part }) => part === 'development'),
    heldOut: labelled.filter(({ part }) => part === 'heldOut'),
    whole: labelled,
    natural: rows(natural).map(([name, task]) => ({ name, task })),
  };
  const whole = ({ name, description, body }) => `${name} ${description} ${body}`;
  const ranking = new Ranking(agents);
  const rankers = {
    ranking: (task) => ranking.rank(task).map(({ agent }) => agent.name),
    names: bm25(agents, ({ name }) => name),
    texts: bm25(agents, whole),
  };
  return {
    agents: agents.length,
    queries: labelled.length,
    unknown: [...labelled, ...parts.natural].filter(({ name }) => !agents.some((agent) => agent.name === name)),
    shared: labelled.flatMap(({ name, task }) => {
      const own = new Set(words(whole(agents.find((agent) => agent.name === name))).map(stem));
      const shared = contentStems(task).filter((word) => own.has(word));
      return shared.length > 0 ? [{ name, shared }] : [];
    }),
    accuracy: Object.fromEntries(Object.entries(parts).map(([part, chosen]) => {
      const by = Object.entries(rankers).map(([name, rank]) => [name, accuracy(chosen, rank)]);
      return [part, Object.fromEntries(by)];
    })),
    ownWords: accuracy(agents.map(({ name, description }) => ({ name, task: description })), rankers.ranking),
  };
};

function rows(table) {
  return table.trim().split('\n').map((line) => line.split('\t'));
}

/** The parts of the tasks whose agent is the first, and among the first three. */
function accuracy(queries, rank) {
  const places = queries.map(({ name, task }) => rank(task).indexOf(name));
  const within = (most) => places.filter((place) => place >= 0 && place < most).length / places.length;
  return { at1: within(1), at3: within(3) };
}

/** Okapi BM25 with its usual parameters, over stems without stop words. */
function bm25(agents, text) {
  const K1 = 1.2;
  const B = 0.75;
  const documents = agents.map((agent) => words(text(agent)).map(stem));
  const average = documents.reduce((sum, document) => sum + document.length, 0) / documents.length;
  const counted = documents.map((document) => {
    const counts = new Map();
    document.forEach((word) => counts.set(word, (counts.get(word) || 0) + 1));
    return { counts, norm: K1 * (1 - B + (B * document.length) / average) };
  });
  const idf = (term) => {
    const having = counted.filter(({ counts }) => counts.has(term)).length;
    return Math.log(1 + (counted.length - having + 0.5) / (having + 0.5));
  };
  return (task) => {
    const terms = contentStems(task).map((term) => [term, idf(term)]);
    const scored = counted.map(({ counts, norm }, at) => {
      const score = terms.reduce((sum, [term, weight]) => {
        const frequency = counts.get(term) || 0;
        return sum + (weight * frequency * (K1 + 1)) / (frequency + norm);
      }, 0);
      return { name: agents[at].name, score };
    });
    return scored.filter(({ score }) => score > 0).sort((one, other) => other.score - one.score).map(({ name }) => name);
  };
}
