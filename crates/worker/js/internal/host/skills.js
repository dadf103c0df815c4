'use strict';

// Calls of other skills, and how far this one's own call is.

const { ask } = require('internal/host/calls');
const { validateString } = require('internal/validators');

const host = binding('host');
const { stringify } = JSON;

/**
 * Calls a function of another skill.
 * @param {string} skill `name` or `name@range`
 * @param {string} method
 * @param {unknown[] | object} args a list, or an object for a function that takes its arguments by name
 * @param {{ timeoutSeconds?: number }} options
 * @returns {Promise<unknown>}
 */
async function call(skill, method, args = [], { timeoutSeconds } = {}) {
  validateString(skill, 'skill');
  validateString(method, 'method');
  if (typeof args !== 'object' || args === null) throw new TypeError('args is a list or an object');
  if (timeoutSeconds !== undefined && !(Number.isInteger(timeoutSeconds) && timeoutSeconds > 0)) {
    throw new RangeError('options.timeoutSeconds is an integer greater than 0');
  }
  const timeout = timeoutSeconds === undefined ? '' : `,"timeout_seconds":${timeoutSeconds}`;
  const text = stringify(args);
  return ask('skill/call', `"skill":${stringify(skill)},"method":${stringify(method)},"args":${text}${timeout}`);
}

/**
 * Tells whoever waits how far the call is.
 * @param {number} done
 * @param {number} [total]
 * @param {string} [message]
 */
function progress(done, total, message) {
  for (const number of total === undefined ? [done] : [done, total]) {
    if (typeof number !== 'number' || !Number.isFinite(number) || number < 0) {
      throw new RangeError('done and total are numbers of at least 0');
    }
  }
  if (message !== undefined) validateString(message, 'message');
  if (host.request() !== 0) host.progress(done, total, message);
}

module.exports = { call: Object.freeze(call), progress: Object.freeze(progress) };
