'use strict';

// Keeps workflows in the skill's private data: a file for each, which is replaced as a whole or not at all.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

/** The most workflows that are kept. */
const MOST_WORKFLOWS = 100;
/** The largest workflow, in bytes. */
const LARGEST = 4 * 1024 * 1024;

/** A name of a workflow, which is also the name of its file. */
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** One file for each workflow of a workspace. */
class Store {
  /**
   * @param {string} data the private data folder
   * @param {string} workspace whose workflows they are: other workspaces have others
   */
  constructor(data, workspace) {
    const own = crypto.createHash('sha256').update(workspace).digest('hex').slice(0, 16);
    this.folder = path.join(data, 'workflows', own);
  }

  /** The names of all workflows. */
  names() {
    fs.mkdirSync(this.folder, { recursive: true });
    return fs.readdirSync(this.folder).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5)).sort();
  }

  /**
   * Reads a workflow; `null` if there is none of that name.
   * @param {string} name
   * @returns {object | null}
   */
  read(name) {
    const file = this.file(name);
    let text;
    try {
      text = fs.readFileSync(file, 'utf8');
    } catch (error) {
      if (error.code === 'ENOENT') {
        return null;
      }
      throw error;
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`The file of the workflow \`${name}\` is not what was written. \`remove\` deletes it.`);
    }
  }

  /**
   * Writes a workflow beside its place and moves it there in one step.
   * @param {object} workflow
   */
  write(workflow) {
    const file = this.file(workflow.name);
    const text = JSON.stringify(workflow);
    if (Buffer.byteLength(text) > LARGEST) {
      throw new RangeError(`The workflow \`${workflow.name}\` would be larger than ${LARGEST} bytes.`);
    }
    const names = this.names();
    if (!names.includes(workflow.name) && names.length >= MOST_WORKFLOWS) {
      throw new RangeError(`There are ${MOST_WORKFLOWS} workflows already. \`remove\` deletes one.`);
    }
    const fresh = path.join(this.folder, `.new-${crypto.randomBytes(8).toString('hex')}`);
    const descriptor = fs.openSync(fresh, 'wx', 0o600);
    try {
      fs.writeFileSync(descriptor, text);
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(fresh, file);
  }

  /** Deletes a workflow, and tells whether there was one. */
  remove(name) {
    const file = this.file(name);
    const existed = fs.existsSync(file);
    fs.rmSync(file, { force: true });
    return existed;
  }

  file(name) {
    if (!NAME.test(name)) {
      throw new RangeError('A workflow has a name of 1 to 64 of `a-z`, `0-9` and `-`.');
    }
    return path.join(this.folder, `${name}.json`);
  }
}

module.exports = { Store };
