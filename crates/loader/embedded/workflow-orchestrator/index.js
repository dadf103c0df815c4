'use strict';

const { Store } = require('./store');
const workflows = require('./workflow');

/** The most steps that are started at one time if the call does not say. */
const AT_ONCE = 10;

module.exports = {
  onInit() {
    // The home folder inside the sandbox is the skill's private data.
    this.store = new Store(process.env.HOME, process.cwd());
  },

  /**
   * Makes a workflow of steps and keeps it.
   * @param {object} request `{ name, steps }`
   * @returns {object}
   */
  create(request) {
    if (this.store.read(request.name) !== null) {
      throw new RangeError(`There is a workflow \`${request.name}\` already. \`remove\` deletes it.`);
    }
    return this.keep(workflows.create(request.name, request.steps));
  },

  /**
   * Starts the steps that can be done now, side by side, or the ones to undo after a failure.
   * @param {object} request `{ name, limit }`
   * @returns {object}
   */
  next(request) {
    const workflow = this.find(request.name);
    const started = workflows.start(workflow, request.limit || AT_ONCE);
    const { status } = started.length > 0 ? this.keep(workflow) : workflow;
    return {
      status,
      steps: started.map((step) => ({
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
   * @returns {object}
   */
  report(request) {
    const workflow = this.find(request.name);
    workflows.report(workflow, request.step, request.outcome, request.detail || null);
    return this.keep(workflow);
  },

  /**
   * Starts nothing new and undoes what is done.
   * @param {object} request `{ name }`
   * @returns {object}
   */
  cancel(request) {
    const workflow = this.find(request.name);
    workflows.rollBack(workflow);
    return this.keep(workflow);
  },

  /**
   * A workflow with the state of its steps.
   * @param {object} request `{ name }`
   * @returns {object}
   */
  status(request) {
    return shown(this.find(request.name));
  },

  /**
   * The workflows of this workspace.
   * @returns {object}
   */
  list() {
    return { workflows: this.store.names() };
  },

  /**
   * Deletes a workflow.
   * @param {object} request `{ name }`
   * @returns {object}
   */
  remove(request) {
    return { removed: this.store.remove(request.name) };
  },

  find(name) {
    const workflow = this.store.read(name);
    if (workflow === null) {
      throw new RangeError(`There is no workflow \`${name}\`.`);
    }
    return workflow;
  },

  keep(workflow) {
    workflow.revision += 1;
    this.store.write(workflow);
    return shown(workflow);
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
