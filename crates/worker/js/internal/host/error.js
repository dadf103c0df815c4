'use strict';

// How the runtime says that it did not do what the program asked.

/** An error of the runtime: `code` says which, the message also what to do about it. */
class HostError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {boolean} transient whether the same may succeed later
   */
  constructor(code, message, transient = false) {
    super(message);
    this.code = code;
    this.transient = transient;
  }
}

Object.defineProperty(HostError.prototype, 'name', { value: 'HostError', configurable: true, writable: true });

module.exports = { HostError };
