'use strict';

const crypto = require('crypto');
const { collect } = require('./agents/definitions');
const { Ranking, reasons } = require('./agents/ranking');
const schema = require('./handoff.schema.json');
const { problems } = require('./schema');

module.exports = {
  /**
   * Makes the message that hands a task to an agent: the one that is named, or the best for the task.
   * @param {object} request `{ task, to, from, summary, files, decisions, constraints, deliverables, acceptance, dueAt, agents }`
   * @returns {object}
   */
  delegate(request) {
    const { agents, notes } = collect(request.agents);
    const chosen = choose(request, agents);
    if (chosen.problem) {
      return { message: null, text: null, choice: null, notes: [...notes, chosen.problem] };
    }
    const message = {
      format: 'handoff/1',
      from: request.from || 'user',
      to: chosen.agent.name,
      task: request.task,
      context: {
        summary: request.summary || '',
        files: request.files || [],
        decisions: request.decisions || [],
        constraints: request.constraints || [],
      },
      deliverables: request.deliverables || [],
      acceptance: request.acceptance || [],
      ...(request.dueAt ? { dueAt: request.dueAt } : {}),
    };
    // The same task with the same context is the same message, whenever it is made.
    message.id = crypto.createHash('sha256').update(JSON.stringify(message)).digest('hex').slice(0, 16);
    message.createdAt = new Date().toISOString();
    const wrong = problems(message, schema);
    if (wrong.length > 0) {
      throw new RangeError(`The message does not fit its schema: ${wrong.map((one) => `${one.path} ${one.problem}`).join('; ')}.`);
    }
    const { confidence, reasons: why, tools } = chosen;
    return { message, text: render(message), choice: { confidence, reasons: why, tools }, notes };
  },

  /**
   * Checks a message that was received.
   * @param {object} request `{ message }`
   * @returns {object}
   */
  validate(request) {
    const found = problems(request.message, schema);
    return { valid: found.length === 0, problems: found };
  },

  /**
   * The JSON Schema of messages.
   * @returns {object}
   */
  schema() {
    return schema;
  },
};

/** The agent that is asked for or fits best, or why there is none. */
function choose(request, agents) {
  const ranked = new Ranking(agents).rank(request.task);
  if (request.to) {
    const agent = agents.find(({ name }) => name === request.to);
    if (!agent && agents.length === 0) {
      // Nothing is known of any agent, so whoever asks knows better.
      return { agent: { name: request.to }, confidence: 0, reasons: [], tools: null };
    }
    if (!agent) {
      const nearest = ranked.slice(0, 3).map(({ agent: { name } }) => `\`${name}\``).join(', ');
      return { problem: `No agent is named \`${request.to}\`. For this task there are: ${nearest || 'none'}.` };
    }
    const found = ranked.find((one) => one.agent === agent);
    return { agent, confidence: found ? found.confidence : 0, reasons: reasons(found ? found.matches : []), tools: agent.tools };
  }
  if (ranked.length === 0) {
    return { problem: 'No agent fits the task. Name one as `to`, or give definitions as `agents`.' };
  }
  const [{ agent, confidence, matches }] = ranked;
  return { agent, confidence, reasons: reasons(matches), tools: agent.tools };
}

/** The message as Markdown, for an agent that reads text. */
function render(message) {
  const { context } = message;
  const list = (title, items) => (items.length > 0 ? [`## ${title}`, items.map((item) => `- ${item}`).join('\n')] : []);
  return [
    `# Task for ${message.to}, from ${message.from}`,
    message.task,
    ...(context.summary ? ['## Context', context.summary] : []),
    ...list('Files', context.files),
    ...list('Decided', context.decisions),
    ...list('Constraints', context.constraints),
    ...list('To deliver', message.deliverables),
    ...list('Done when', message.acceptance),
    ...(message.dueAt ? [`Due: ${message.dueAt}`] : []),
    `Message ${message.id}`,
  ].join('\n\n');
}
