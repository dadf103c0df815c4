'use strict';

// How much a stream holds before it asks its source to pause.

const { codes } = require('internal/errors');
const { validateInteger } = require('internal/validators');

let defaultBytes = 16 * 1024;
let defaultObjects = 16;

function getDefaultHighWaterMark(objectMode) {
  return objectMode ? defaultObjects : defaultBytes;
}

function setDefaultHighWaterMark(objectMode, value) {
  validateInteger(value, 'value', 0);
  if (objectMode) defaultObjects = value;
  else defaultBytes = value;
}

/** The mark that `options` ask for. One half of a duplex stream may have its own, named `duplexKey`. */
function getHighWaterMark(objectMode, options, duplexKey, isDuplex) {
  const mark = options?.highWaterMark ?? (isDuplex ? options?.[duplexKey] : undefined);
  if (mark === null || mark === undefined) return getDefaultHighWaterMark(objectMode);
  if (!Number.isInteger(mark) || mark < 0) {
    const name = options.highWaterMark != null ? 'options.highWaterMark' : `options.${duplexKey}`;
    throw new codes.ERR_INVALID_ARG_VALUE(name, mark);
  }
  return Math.floor(mark);
}

module.exports = { getDefaultHighWaterMark, getHighWaterMark, setDefaultHighWaterMark };
