'use strict';

// Lines of the call's log, as `console` writes them, with fields.

const engine = binding('engine');
const { stringify } = JSON;

/** The levels, as the engine counts them. */
const LEVELS = ['debug', 'info', 'warn', 'error'];

function line(message, fields) {
  const text = typeof message === 'string' ? message : String(message);
  if (fields === undefined) return text;
  let shown;
  try {
    shown = stringify(fields);
  } catch {
    // A log says what it can: fields that are no JSON are not worth an error.
  }
  return `${text} ${shown ?? '[not JSON]'}`;
}

const log = {};
LEVELS.forEach((level, number) => {
  log[level] = (message, fields) => engine.print(number, line(message, fields));
});

module.exports = Object.freeze(log);
