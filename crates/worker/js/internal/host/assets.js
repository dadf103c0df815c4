'use strict';

// The skill's own files, by their path in its folder.

const fs = require('fs');
const path = require('path');
const { HostError } = require('internal/host/error');
const surroundings = require('internal/surroundings');
const { validateString } = require('internal/validators');

const host = binding('host');

/** The largest file that is read at once, in bytes. */
const LARGEST = 16 * 1024 * 1024;

/** Asks for one of the skill's files, and has that counted. */
function ask(action, name, encoding) {
  let answer;
  try {
    answer = action(name, encoding);
  } catch (error) {
    host.noteAssetInVain();
    throw error;
  }
  host.noteAsset();
  return answer;
}

/** Where a file of the skill is, without links. */
function locate(name) {
  validateString(name, 'path');
  const root = fs.realpathSync(surroundings.root);
  const meant = path.resolve(root, name);
  const isBelow = (file) => file === root || file.startsWith(`${root}/`);
  if (!isBelow(meant) || !isBelow(fs.realpathSync(meant))) {
    throw new HostError('HOST_CALL_INVALID', `'${name}' is not in the folder of the skill.`);
  }
  return meant;
}

/** What a file has in it: bytes, or text if there is an encoding. */
function load(name, encoding) {
  const descriptor = fs.openSync(locate(name), 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    if (size > LARGEST) {
      throw new HostError('HOST_CALL_INVALID', `'${name}' has ${size} bytes, more than the ${LARGEST} that are read at once.`);
    }
    const content = fs.readFileSync(descriptor);
    return encoding === undefined ? new Uint8Array(content) : content.toString(encoding);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Reads a file. */
async function read(name, encoding) {
  return ask(load, name, encoding);
}

module.exports = Object.freeze({
  path(name) {
    return ask(locate, name);
  },
  read,
  async text(name) {
    return read(name, 'utf8');
  },
  async json(name) {
    return JSON.parse(await read(name, 'utf8'));
  },
});
