'use strict';

// Keeps workflows in the skill's `kv`: a value for each, changed in one transaction or not at all.

const crypto = require('crypto');
const { kv } = require('mycelium');

/** The most workflows that are kept. */
const MOST_WORKFLOWS = 100;
/** The largest workflow, in bytes: what one value may have. */
const LARGEST = 1024 * 1024;

/** A name of a workflow. */
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** The workflows of one workspace. */
class Store {
  /** @param {string} workspace whose workflows they are: other workspaces have others */
  constructor(workspace) {
    const own = crypto.createHash('sha256').update(workspace).digest('hex').slice(0, 16);
    this.prefix = `workflows/${own}/`;
  }

  /**
   * The names of all workflows.
   * @returns {Promise<string[]>}
   */
  async names() {
    const keys = await kv.list(this.prefix);
    return keys.map((key) => key.slice(this.prefix.length));
  }

  /**
   * Reads a workflow.
   * @param {string} name
   * @returns {Promise<object>}
   */
  async read(name) {
    return found(name, await kv.get(this.key(name)));
  }

  /**
   * Keeps a new workflow.
   * @param {object} workflow
   */
  async add(workflow) {
    const key = this.key(workflow.name);
    await kv.transaction(async (tx) => {
      if (await tx.has(key)) {
        throw new RangeError(`There is a workflow \`${workflow.name}\` already. \`remove\` deletes it.`);
      }
      if ((await tx.list(this.prefix)).length >= MOST_WORKFLOWS) {
        throw new RangeError(`There are ${MOST_WORKFLOWS} workflows already. \`remove\` deletes one.`);
      }
      tx.set(key, checked(workflow));
    });
  }

  /**
   * Reads a workflow, lets `change` change it, and keeps it if that returns something.
   * @param {string} name
   * @param {(workflow: object) => unknown} change
   * @returns {Promise<[object, unknown]>} the workflow, and what `change` returned
   */
  async change(name, change) {
    const key = this.key(name);
    return kv.transaction(async (tx) => {
      const workflow = found(name, await tx.get(key));
      const outcome = change(workflow);
      if (outcome) {
        workflow.revision += 1;
        tx.set(key, checked(workflow));
      }
      return [workflow, outcome];
    });
  }

  /** Deletes a workflow, and tells whether there was one. */
  async remove(name) {
    const key = this.key(name);
    return kv.transaction(async (tx) => {
      const existed = await tx.has(key);
      tx.delete(key);
      return existed;
    });
  }

  key(name) {
    if (!NAME.test(name)) {
      throw new RangeError('A workflow has a name of 1 to 64 of `a-z`, `0-9` and `-`.');
    }
    return this.prefix + name;
  }
}

function found(name, workflow) {
  if (workflow === undefined) {
    throw new RangeError(`There is no workflow \`${name}\`.`);
  }
  return workflow;
}

function checked(workflow) {
  if (Buffer.byteLength(JSON.stringify(workflow)) > LARGEST) {
    throw new RangeError(`The workflow \`${workflow.name}\` would be larger than ${LARGEST} bytes.`);
  }
  return workflow;
}

module.exports = { Store };
