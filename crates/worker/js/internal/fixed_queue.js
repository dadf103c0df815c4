'use strict';

// A queue that neither moves its items nor keeps what was taken.

const SIZE = 512;

class FixedQueue {
  constructor() {
    this.head = this.tail = { items: [], taken: 0, next: null };
  }

  isEmpty() {
    return this.head.taken === this.head.items.length && this.head.next === null;
  }

  push(item) {
    if (this.tail.items.length === SIZE) {
      this.tail = this.tail.next = { items: [], taken: 0, next: null };
    }
    this.tail.items.push(item);
  }

  /** The oldest item, or null. */
  shift() {
    let block = this.head;
    if (block.taken === block.items.length) {
      if (block.next === null) {
        block.items.length = block.taken = 0;
        return null;
      }
      this.head = block = block.next;
    }
    const item = block.items[block.taken];
    block.items[block.taken++] = undefined;
    return item;
  }
}

module.exports = { FixedQueue };
