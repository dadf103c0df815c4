'use strict';

// What agents know: the areas that a definition speaks of, with their share and the words that show it.

const { concepts, isAmbiguous } = require('./concepts');
const { Ranking } = require('./ranking');

/** Areas with less than this part of the strongest one are by the way. */
const LEAST = 0.3;
/** The most areas of one agent, and the most words that show one. */
const MOST_AREAS = 8;
const MOST_WORDS = 6;

/**
 * The areas of each agent, strongest first; the shares of an agent's areas add up to 1.
 * @param {import('./definitions').Agent[]} agents
 * @returns {{ agent: object, areas: { area: string, share: number, evidence: string[] }[] }[]}
 */
function expertise(agents) {
  return new Ranking(agents).entries.map(({ agent, areas, evidence }) => {
    const known = [...areas].filter(([concept]) => concepts[concept].kind === 'area' && isShown(evidence.get(concept)));
    known.sort((one, other) => other[1] - one[1] || one[0] - other[0]);
    const strongest = known.length === 0 ? 0 : known[0][1];
    const kept = known.filter(([, weight]) => weight >= LEAST * strongest).slice(0, MOST_AREAS);
    const total = kept.reduce((sum, [, weight]) => sum + weight, 0);
    return {
      agent,
      areas: kept.map(([concept, weight]) => ({
        area: concepts[concept].name,
        share: Math.round((100 * weight) / total) / 100,
        evidence: evidence.get(concept).slice(0, MOST_WORDS),
      })),
    };
  });
}

/** Whether words show an area: one that could as well be about something else does not. */
function isShown(evidence) {
  return evidence.length > 1 || !isAmbiguous(evidence[0]);
}

/** The names of all areas that there are. */
const AREAS = concepts.filter(({ kind }) => kind === 'area').map(({ name }) => name);

module.exports = { AREAS, expertise };
