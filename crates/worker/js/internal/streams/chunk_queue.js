'use strict';

// What a readable stream has and nobody has read yet. Taking from the front is cheap: the items stay where they are and
// only the start moves.

const { Buffer } = require('buffer');

/** Emptied slots at the front are given back when there are this many. */
const COMPACT_AT = 1024;

class ChunkQueue {
  #items = [];
  #start = 0;

  get length() {
    return this.#items.length - this.#start;
  }

  first() {
    return this.#items[this.#start];
  }

  push(chunk) {
    this.#items.push(chunk);
  }

  unshift(chunk) {
    if (this.#start > 0) this.#items[--this.#start] = chunk;
    else this.#items.unshift(chunk);
  }

  shift() {
    if (this.length === 0) return undefined;
    const chunk = this.#items[this.#start];
    this.#items[this.#start++] = undefined;
    if (this.#start === this.#items.length) {
      this.clear();
    } else if (this.#start > COMPACT_AT) {
      this.#items.splice(0, this.#start);
      this.#start = 0;
    }
    return chunk;
  }

  clear() {
    this.#items = [];
    this.#start = 0;
  }

  /** Everything as one chunk; `size` is the sum of the chunks' lengths. */
  takeAll(isText, size) {
    let whole;
    if (isText) whole = [...this].join('');
    else if (this.length === 1) whole = this.first();
    else whole = Buffer.concat([...this], size);
    this.clear();
    return whole;
  }

  /** The first `size` characters or bytes as one chunk; there must be that many. */
  take(isText, size) {
    const first = this.first();
    if (size < first.length) {
      this.#items[this.#start] = isText ? first.slice(size) : first.subarray(size);
      return isText ? first.slice(0, size) : first.subarray(0, size);
    }
    if (size === first.length) return this.shift();
    const parts = [];
    let missing = size;
    while (missing > 0) {
      const part = missing < this.first().length ? this.take(isText, missing) : this.shift();
      parts.push(part);
      missing -= part.length;
    }
    return isText ? parts.join('') : Buffer.concat(parts, size);
  }

  * [Symbol.iterator]() {
    for (let index = this.#start; index < this.#items.length; index++) yield this.#items[index];
  }
}

module.exports = { ChunkQueue };
