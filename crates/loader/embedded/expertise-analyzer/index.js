'use strict';

const { collect } = require('./agents/definitions');
const { expertise } = require('./agents/expertise');
const { words } = require('./agents/words');

/** Agents that have this part of their areas in common are told as an overlap. */
const OVERLAP = 0.5;
/** The most overlaps that are told. */
const MOST_OVERLAPS = 50;
/** Fewer words than this say too little. */
const SHORT_DESCRIPTION = 5;
const SHORT_BODY = 15;

module.exports = {
  /**
   * Tells what agents know, where they overlap, and where they are weak.
   * @param {object} request `{ names, agents }`
   * @returns {object}
   */
  analyze(request) {
    const { agents, notes } = collect(request.agents);
    const unknown = (request.names || []).filter((name) => !agents.some((agent) => agent.name === name));
    const isChosen = ({ agent }) => !request.names || request.names.includes(agent.name);
    // How rare an area is, is a matter of all agents, whichever are asked for.
    const profiles = expertise(agents).filter(isChosen);
    return {
      agents: profiles.map(({ agent, areas }) => ({
        agent: agent.name,
        kind: kind(areas),
        areas,
        weakSpots: weakSpots(agent, areas),
      })),
      overlaps: overlaps(profiles),
      soleExperts: soleExperts(profiles),
      unknown,
      notes,
    };
  },
};

/** Whether one area is most of what an agent knows. */
function kind(areas) {
  if (areas.length === 0) {
    return 'unknown';
  }
  return areas.slice(0, 3).reduce((sum, { share }) => sum + share, 0) >= 0.6 ? 'specialist' : 'generalist';
}

/** What a definition lacks for others to choose the agent, and for the agent to do its work. */
function weakSpots(agent, areas) {
  const spots = [];
  if (words(agent.description).length < SHORT_DESCRIPTION) {
    spots.push('Its description says too little for anybody to choose it.');
  }
  if (words(agent.body).length < SHORT_BODY) {
    spots.push('It has few instructions of its own.');
  }
  if (areas.length === 0) {
    spots.push('No area is recognised in its definition.');
  }
  if (agent.tools === null) {
    spots.push('It may use all tools: none are named.');
  }
  return spots;
}

/** Pairs of agents that know much the same, by the part of their shares that is common to both. */
function overlaps(profiles) {
  const found = [];
  profiles.forEach((one, at) => {
    for (const other of profiles.slice(at + 1)) {
      const shared = one.areas.flatMap(({ area, share }) => {
        const theirs = other.areas.find((it) => it.area === area);
        return theirs ? [{ area, share: Math.min(share, theirs.share) }] : [];
      });
      const overlap = shared.reduce((sum, { share }) => sum + share, 0);
      if (overlap >= OVERLAP) {
        found.push({
          agents: [one.agent.name, other.agent.name],
          overlap: Math.round(overlap * 100) / 100,
          areas: shared.map(({ area }) => area),
        });
      }
    }
  });
  return found.sort((one, other) => other.overlap - one.overlap).slice(0, MOST_OVERLAPS);
}

/** Areas that only one agent knows: without it nobody does. */
function soleExperts(profiles) {
  const experts = new Map();
  for (const { agent, areas } of profiles) {
    for (const { area } of areas) {
      experts.set(area, [...(experts.get(area) || []), agent.name]);
    }
  }
  return [...experts].filter(([, names]) => names.length === 1).map(([area, [agent]]) => ({ area, agent }));
}
