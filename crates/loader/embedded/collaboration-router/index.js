'use strict';

const { collect } = require('./agents/definitions');
const { Ranking, reasons } = require('./agents/ranking');
const { parts } = require('./parts');

/** An agent with less confidence than this is not chosen. */
const CHOSEN = 0.2;
/** The most other agents that are told for a part. */
const MOST_ALTERNATIVES = 2;

module.exports = {
  /**
   * Says which agent does which part of a task, and in what order.
   * @param {object} request `{ task, agents }`
   * @returns {object}
   */
  route(request) {
    const { agents, notes } = collect(request.agents);
    const ranking = new Ranking(agents);
    const { found: cut, left } = parts(request.task);
    const stages = [...new Set(cut.map(({ stage }) => stage))].sort((one, other) => one - other);
    const numbered = cut.map((part, at) => ({ ...part, id: `part-${at + 1}` }));
    const order = stages.map((stage) => numbered.filter((part) => part.stage === stage).map(({ id }) => id));
    const routed = numbered.map(({ id, text, phase, stage }) => ({
      id,
      task: text,
      phase,
      after: order[stages.indexOf(stage) - 1] || [],
      ...choose(ranking.rank(text)),
    }));
    return {
      task: request.task,
      parts: routed,
      order,
      agents: [...new Set(routed.map(({ agent }) => agent).filter((agent) => agent !== null))],
      unassigned: routed.filter(({ agent }) => agent === null).map(({ id }) => id),
      notes: left > 0 ? [...notes, `The task has ${left} more parts, which were left out.`] : notes,
    };
  },
};

function choose(ranked) {
  const [best, ...rest] = ranked.filter(({ confidence }) => confidence >= CHOSEN);
  return {
    agent: best ? best.agent.name : null,
    confidence: best ? best.confidence : 0,
    reasons: best ? reasons(best.matches) : [],
    alternatives: rest.slice(0, MOST_ALTERNATIVES).map(({ agent, confidence }) => ({ agent: agent.name, confidence })),
  };
}
