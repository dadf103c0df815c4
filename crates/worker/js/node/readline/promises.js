'use strict';

// Reading a stream line by line, with questions that give promises.

const { Readline } = require('internal/readline/cursor');
const { Interface: Base, questionPromise } = require('internal/readline/interface');

class Interface extends Base {
  question(query, options = {}) {
    return questionPromise(this, query, options);
  }
}

function createInterface(input, output, completer, terminal) {
  return new Interface(input, output, completer, terminal);
}

module.exports = { Interface, Readline, createInterface };
