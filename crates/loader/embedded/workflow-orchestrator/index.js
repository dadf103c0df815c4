'use strict';

const { Store } = require('./store');
const workflows = require('./workflow');

/** The most steps that are started at one time if the call does not say. */
const AT_ONCE = 10;

module.exports = {
  onInit() {
    this.store = new Store(process.cwd());
  },

  /**
   * Makes a workflow of steps and keeps it.
   * @param {object} request `{ name, steps }`
   * @returns {Promise<object>}
   */
  async create(request) {
    const workflow = workflows.create(request.name, request.steps);
    workflow.revision += 1;
    await this.store.add(workflow);
    return shown(workflow);
  },

  /**
   * Starts the steps that can be done now, side by side, or the ones to undo after a failure.
   * @param {object} request `{ name, limit }`
   * @returns {Promise<object>}
   */
  async next(request) {
    const start = (workflow) => {
      const steps = workflows.start(workflow, request.limit || AT_ONCE);
      return steps.length > 0 ? steps : null;
    };
    const [workflow, started] = await this.store.change(request.name, start);
    return {
      status: workflow.status,
      steps: (started || []).map((step) => ({
        id: step.id,
        agent: step.agent,
        action: step.status === 'undoing' ? 'undo' : 'do',
        task: step.status === 'undoing' ? step.rollback : step.task,
        attempt: step.status === 'undoing' ? (step.undoAttempts || 0) + 1 : step.attempts,
        inputs: step.status === 'undoing' ? {} : inputs(workflow, step),
      })),
    };
  },

  /**
   * Takes how a started step ended; a failed one is tried again or leads to a rollback.
   * @param {object} request `{ name, step, outcome, detail }`
   * @returns {Promise<object>}
   */
  async report(request) {
    const report = (workflow) => {
      workflows.report(workflow, request.step, request.outcome, request.detail || null);
      return true;
    };
    const [workflow] = await this.store.change(request.name, report);
    return shown(workflow);
  },

  /**
   * Starts nothing new and undoes what is done.
   * @param {object} request `{ name }`
   * @returns {Promise<object>}
   */
  async cancel(request) {
    const rollBack = (workflow) => {
      workflows.rollBack(workflow);
      return true;
    };
    const [workflow] = await this.store.change(request.name, rollBack);
    return shown(workflow);
  },

  /**
   * A workflow with the state of its steps.
   * @param {object} request `{ name }`
   * @returns {Promise<object>}
   */
  async status(request) {
    return shown(await this.store.read(request.name));
  },

  /**
   * The workflows of this workspace.
   * @returns {Promise<object>}
   */
  async list() {
    return { workflows: await this.store.names() };
  },

  /**
   * Deletes a workflow.
   * @param {object} request `{ name }`
   * @returns {Promise<object>}
   */
  async remove(request) {
    return { removed: await this.store.remove(request.name) };
  },
};

/** What the steps before a step gave. */
function inputs(workflow, step) {
  const before = workflow.steps.filter(({ id }) => step.after.includes(id));
  return Object.fromEntries(before.map(({ id, result }) => [id, result]));
}

function shown(workflow) {
  return { ...workflow, ready: workflows.ready(workflow).map(({ id }) => id) };
}
