'use strict';

// What becomes of a workflow: which steps can be done now, what follows from how they ended, and what is undone.
// Nothing is read or written here.

/** A step that has failed this often in undoing stays as it is. */
const ROLLBACK_ATTEMPTS = 3;

/**
 * A new workflow.
 * @param {string} name
 * @param {object[]} steps `{ id, task, agent, after, retries, rollback }`
 * @returns {object}
 */
function create(name, steps) {
  const ids = steps.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) {
    throw new RangeError(`Two steps have the id \`${twice}\`.`);
  }
  for (const step of steps) {
    const unknown = (step.after || []).find((id) => !ids.includes(id));
    if (unknown !== undefined) {
      throw new RangeError(`The step \`${step.id}\` comes after \`${unknown}\`, which is no step.`);
    }
  }
  const made = steps.map((step) => ({
    id: step.id,
    task: step.task,
    agent: step.agent || null,
    after: [...new Set(step.after || [])],
    retries: step.retries || 0,
    rollback: step.rollback || null,
    status: 'waiting',
    attempts: 0,
    result: null,
    error: null,
  }));
  return { format: 1, name, status: 'running', revision: 0, order: order(made), steps: made };
}

/** The steps in the order of their dependencies: those of one list can be done side by side. */
function order(steps) {
  const placed = new Set();
  const found = [];
  while (placed.size < steps.length) {
    const next = steps.filter(({ id, after }) => !placed.has(id) && after.every((one) => placed.has(one)));
    if (next.length === 0) {
      const left = steps.filter(({ id }) => !placed.has(id)).map(({ id }) => `\`${id}\``);
      throw new RangeError(`These steps wait for each other: ${left.slice(0, 10).join(', ')}.`);
    }
    next.forEach(({ id }) => placed.add(id));
    found.push(next.map(({ id }) => id));
  }
  return found;
}

/** What can be done now: steps whose dependencies are done, or done steps to undo that nothing rests on any more. */
function ready(workflow) {
  const { steps, status } = workflow;
  if (status === 'running') {
    const done = new Set(steps.filter((step) => step.status === 'done').map(({ id }) => id));
    return steps.filter((step) => step.status === 'waiting' && step.after.every((id) => done.has(id)));
  }
  if (status === 'rolling-back') {
    const standing = steps.filter((step) => ['running', 'done', 'undoing'].includes(step.status));
    return steps.filter((step) => step.status === 'done' && !standing.some(({ after }) => after.includes(step.id)));
  }
  return [];
}

/** Starts what can be done now, at most `limit` steps of it. */
function start(workflow, limit) {
  const started = ready(workflow).slice(0, limit);
  for (const step of started) {
    step.attempts = workflow.status === 'running' ? step.attempts + 1 : step.attempts;
    step.status = workflow.status === 'running' ? 'running' : 'undoing';
  }
  return started;
}

/**
 * Takes how a started step ended.
 * @param {object} workflow
 * @param {string} id
 * @param {'done' | 'failed'} outcome
 * @param {string | null} detail the result, or why it failed
 */
function report(workflow, id, outcome, detail) {
  const step = workflow.steps.find((one) => one.id === id);
  if (!step) {
    throw new RangeError(`The workflow \`${workflow.name}\` has no step \`${id}\`.`);
  }
  switch (step.status) {
    case 'running': return ended(workflow, step, outcome, detail);
    case 'undoing': return undone(workflow, step, outcome, detail);
    default: throw new RangeError(`The step \`${id}\` is ${step.status}: only what \`next\` has started can end.`);
  }
}

function ended(workflow, step, outcome, detail) {
  if (outcome === 'done') {
    step.status = 'done';
    step.result = detail;
    step.error = null;
  } else {
    step.error = detail;
    const again = workflow.status === 'running' && step.attempts <= step.retries;
    step.status = again ? 'waiting' : 'failed';
    if (!again) {
      rollBack(workflow);
    }
  }
  settle(workflow);
}

function undone(workflow, step, outcome, detail) {
  if (outcome === 'done') {
    step.status = 'undone';
  } else {
    step.error = detail;
    step.undoAttempts = (step.undoAttempts || 0) + 1;
    step.status = step.undoAttempts < ROLLBACK_ATTEMPTS ? 'done' : 'stuck';
  }
  settle(workflow);
}

/** Starts nothing new, and undoes what is done. Steps that run are waited for. */
function rollBack(workflow) {
  if (workflow.status === 'running') {
    workflow.status = 'rolling-back';
    workflow.steps.filter((step) => step.status === 'waiting').forEach((step) => {
      step.status = 'skipped';
    });
    settle(workflow);
  }
}

/** Ends a workflow that has nothing left to do. */
function settle(workflow) {
  const has = (...statuses) => workflow.steps.some((step) => statuses.includes(step.status));
  if (workflow.status === 'running' && !has('waiting', 'running')) {
    workflow.status = 'done';
  }
  if (workflow.status === 'rolling-back') {
    // What has no way back stays, and does not keep what it rests on from being undone.
    workflow.steps.filter((step) => step.status === 'done' && step.rollback === null).forEach((step) => {
      step.status = 'kept';
    });
    if (!has('running', 'undoing', 'done')) {
      workflow.status = has('stuck', 'kept') ? 'failed' : 'rolled-back';
    }
  }
}

module.exports = { create, ready, report, rollBack, start };
