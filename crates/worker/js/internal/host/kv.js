'use strict';

// What the skill keeps: values by key, in the hands of the runtime.
//
// A transaction reads and writes here until its function returns; then the runtime checks that what it read is still so,
// and writes everything or nothing. If it is not, the function runs again.

const { ask } = require('internal/host/calls');
const { HostError } = require('internal/host/error');
const { setTimeout } = require('internal/timers');
const { validateFunction, validateString } = require('internal/validators');

const { parse, stringify } = JSON;
const { min, random } = Math;

/** How often a transaction is tried. */
const ATTEMPTS = 16;
/** The longest wait between two tries, in milliseconds. */
const LONGEST_WAIT = 64;
/** How many keys a list has if the call does not say. */
const LISTED = 1000;

/** A value as it is kept. What is taken is what it is now. */
function write(key, value) {
  validateString(key, 'key');
  const text = stringify(value);
  if (text === undefined) throw new TypeError(`The value of '${key}' is not JSON: ${typeof value}`);
  return text;
}

function read(key) {
  validateString(key, 'key');
  return ask('kv/get', `"key":${stringify(key)}`);
}

function readKeys(prefix, after, limit) {
  validateString(prefix, 'prefix');
  if (after !== undefined) validateString(after, 'options.after');
  if (!Number.isInteger(limit) || limit < 1 || limit > LISTED) {
    throw new RangeError(`options.limit is an integer from 1 to ${LISTED}`);
  }
  const rest = after === undefined ? '' : `,"after":${stringify(after)}`;
  return ask('kv/list', `"prefix":${stringify(prefix)},"limit":${limit}${rest}`);
}

/**
 * @param {Map<string, string | null>} writes what is written; null deletes
 * @param {string} checks further members of the commit, each with a comma before it
 */
async function commit(writes, checks = '') {
  const all = [...writes].map(([key, text]) =>
    text === null ? `{"delete":{"key":${stringify(key)}}}` : `{"set":{"key":${stringify(key)},"value":${text}}}`,
  );
  const { committed } = await ask('kv/commit', `"writes":[${all.join()}]${checks}`);
  return committed;
}

/** The order of keys: that of their code points, which is that of their bytes. */
function compare(a, b) {
  const left = [...a];
  const right = [...b];
  for (let index = 0; index < left.length && index < right.length; index++) {
    const difference = left[index].codePointAt(0) - right[index].codePointAt(0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

class Transaction {
  #writes = new Map();
  /** What was read: the text, or undefined, and its version. */
  #reads = new Map();
  #revision;
  #isOver = false;

  /** A value, or undefined; with what this transaction has written. */
  async get(key) {
    this.#check();
    validateString(key, 'key');
    if (this.#writes.has(key)) return parseOrNothing(this.#writes.get(key));
    if (!this.#reads.has(key)) {
      const { value, version } = await read(key);
      // Another read of the same key may have been quicker; then that one counts.
      if (!this.#reads.has(key)) this.#reads.set(key, { text: stringify(value), version });
    }
    return parseOrNothing(this.#reads.get(key).text);
  }

  /** Whether there is a value. */
  async has(key) {
    return (await this.get(key)) !== undefined;
  }

  /** Keys, with what this transaction has written. */
  async list(prefix = '', { after, limit = LISTED } = {}) {
    this.#check();
    const { keys, more, revision } = await readKeys(prefix, after, limit);
    this.#revision ??= revision;
    const end = more ? keys.at(-1) : undefined;
    const merged = new Set(keys);
    for (const [key, text] of this.#writes) {
      const isWithin = key.startsWith(prefix) && (after === undefined || compare(key, after) > 0) &&
        (end === undefined || compare(key, end) <= 0);
      if (text === null) merged.delete(key);
      else if (isWithin) merged.add(key);
    }
    return [...merged].sort(compare).slice(0, limit);
  }

  set(key, value) {
    this.#check();
    this.#writes.set(key, write(key, value));
  }

  delete(key) {
    this.#check();
    validateString(key, 'key');
    this.#writes.set(key, null);
  }

  #check() {
    if (this.#isOver) throw new HostError('HOST_CALL_INVALID', 'The transaction is over.');
  }

  /** Writes everything, if nothing that was read has changed. */
  async commit() {
    this.#isOver = true;
    const checks = [...this.#reads].map(([key, { version }]) => `{"key":${stringify(key)},"version":${version}}`);
    // The revision says that nothing changed since the first list; what was read before that is checked by itself.
    const revision = this.#revision === undefined ? '' : `,"revision":${this.#revision}`;
    return commit(this.#writes, `${revision}${checks.length === 0 ? '' : `,"checks":[${checks.join()}]`}`);
  }
}

function parseOrNothing(text) {
  return text === undefined || text === null ? undefined : parse(text);
}

/**
 * Waits a while, the longer the more often a transaction has failed, and never as long as others do: who runs in step with
 * another one would lose to it every time.
 */
function stepAside(failures) {
  const longest = min(2 ** failures, LONGEST_WAIT);
  return new Promise((resolve) => {
    setTimeout(resolve, longest * random());
  });
}

/** Runs `body` until what it read has not changed meanwhile. Gives what it returns. */
async function transaction(body) {
  validateFunction(body, 'body');
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await stepAside(attempt);
    const own = new Transaction();
    const { commit: finish } = own;
    const result = await body(own);
    if (await Reflect.apply(finish, own, [])) return result;
  }
  throw new HostError(
    'KV_CONFLICT',
    `What the transaction read was changed by others each of ${ATTEMPTS} times. Make it read and write less.`,
    true,
  );
}

module.exports = Object.freeze({
  async get(key) {
    return (await read(key)).value;
  },
  async has(key) {
    return (await read(key)).version > 0;
  },
  async list(prefix = '', { after, limit = LISTED } = {}) {
    return (await readKeys(prefix, after, limit)).keys;
  },
  async set(key, value) {
    await commit(new Map([[key, write(key, value)]]));
  },
  async delete(key) {
    validateString(key, 'key');
    await commit(new Map([[key, null]]));
  },
  transaction,
});
