'use strict';

const { collect, line } = require('./agents/definitions');
const { Ranking, reasons } = require('./agents/ranking');

/** The most characters of a description in a result. */
const LONGEST_DESCRIPTION = 300;

module.exports = {
  /**
   * Ranks the agents for a task in plain language.
   * @param {object} request `{ task, limit, agents }`
   * @returns {object}
   */
  discover(request) {
    const { agents, notes } = collect(request.agents);
    const ranked = new Ranking(agents).rank(request.task).slice(0, request.limit || 5);
    return {
      task: request.task,
      considered: agents.length,
      agents: ranked.map(({ agent, confidence, matches }) => ({
        ...summary(agent),
        confidence,
        reasons: reasons(matches),
      })),
      notes,
    };
  },

  /**
   * Lists the agents that there are.
   * @param {object} request `{ agents }`
   * @returns {object}
   */
  list(request) {
    const { agents, notes } = collect(request.agents);
    return {
      agents: agents.map((agent) => ({ ...summary(agent), tools: agent.tools, model: agent.model })),
      notes,
    };
  },
};

function summary({ name, description, source, path }) {
  return { name, description: line(description, LONGEST_DESCRIPTION), source, path };
}
