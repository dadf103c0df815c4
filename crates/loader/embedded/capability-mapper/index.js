'use strict';

const { collect } = require('./agents/definitions');
const { AREAS, expertise } = require('./agents/expertise');
const { Ranking, reasons } = require('./agents/ranking');

/** An agent with less confidence than this does not cover a need. */
const COVERS = 0.35;
/** The most agents that are told for a need. */
const MOST_AGENTS = 3;

module.exports = {
  /**
   * Maps agents to capabilities and back, and tells the areas that no agent covers.
   * @param {object} request `{ agents }`
   * @returns {object}
   */
  map(request) {
    const { agents, notes } = collect(request.agents);
    const capabilities = new Map();
    const byAgent = expertise(agents).map(({ agent, areas }) => {
      for (const { area, share } of areas) {
        capabilities.set(area, [...(capabilities.get(area) || []), { agent: agent.name, share }]);
      }
      return { agent: agent.name, capabilities: areas };
    });
    const listed = [...capabilities].map(([capability, who]) => ({
      capability,
      agents: who.sort((one, other) => other.share - one.share),
    }));
    listed.sort((one, other) => other.agents.length - one.agents.length || (one.capability < other.capability ? -1 : 1));
    return {
      agents: byAgent,
      capabilities: listed,
      uncovered: AREAS.filter((area) => !capabilities.has(area)),
      notes,
    };
  },

  /**
   * Tells which of some needs in plain language the agents cover, and which not.
   * @param {object} request `{ needs, agents }`
   * @returns {object}
   */
  gaps(request) {
    const { agents, notes } = collect(request.agents);
    const ranking = new Ranking(agents);
    const needs = request.needs.map((need) => {
      const ranked = ranking.rank(need).slice(0, MOST_AGENTS);
      return {
        need,
        covered: ranked.length > 0 && ranked[0].confidence >= COVERS,
        agents: ranked.map(({ agent, confidence, matches }) => ({ agent: agent.name, confidence, reasons: reasons(matches) })),
      };
    });
    return { needs, gaps: needs.filter(({ covered }) => !covered).map(({ need }) => need), notes };
  },
};
