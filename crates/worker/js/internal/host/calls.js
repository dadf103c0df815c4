'use strict';

// What the program asks of the runtime: a promise for each call.
//
// A call belongs to the request that the worker works at. When that is answered nobody waits for it any more, here or there.

const { HostError } = require('internal/host/error');

const host = binding('host');

/** Calls that the runtime has, by number. */
const open = new Map();
/** Those that wait until another one is answered. */
const waiting = [];
let last = 0;

function ended() {
  return new HostError('CALL_ENDED', 'The call that this belongs to has ended. Wait for everything it begins before it returns.');
}

/**
 * Asks the runtime for something.
 * @param {string} method
 * @param {string} members the members of the parameters, as JSON without braces
 * @returns {Promise<unknown>}
 */
function ask(method, members) {
  const request = host.request();
  if (request === 0) return Promise.reject(ended());
  return new Promise((resolve, reject) => {
    waiting.push({ method, params: `{"call":${request},${members}}`, request, resolve, reject });
    startWaiting();
  });
}

function startWaiting() {
  while (waiting.length > 0 && open.size < host.maxCalls) {
    const call = waiting.shift();
    const id = ++last;
    open.set(id, call);
    if (!host.call(id, call.method, call.params)) {
      open.delete(id);
      call.reject(new HostError('HOST_CALL_INVALID', 'There is no runtime that could be asked.'));
    }
  }
}

/** Takes the runtime's answer to one call, which may be over by now. */
function answer(id, isDone, content) {
  const call = open.get(id);
  if (call === undefined) return;
  open.delete(id);
  if (isDone) call.resolve(content);
  else call.reject(new HostError(content.code, content.message, content.transient));
  startWaiting();
}

/** Gives up what belongs to a request that has been answered; whether there was anything. */
function end(request) {
  const over = waiting.filter((call) => call.request === request);
  for (const [id, call] of open) {
    if (call.request !== request) continue;
    open.delete(id);
    over.push(call);
  }
  const rest = waiting.filter((call) => call.request !== request);
  waiting.splice(0, waiting.length, ...rest);
  for (const call of over) call.reject(ended());
  return over.length > 0;
}

/** Whether something is left that could wake the program. */
function isAlive() {
  return open.size > 0;
}

module.exports = { answer, ask, end, isAlive };
