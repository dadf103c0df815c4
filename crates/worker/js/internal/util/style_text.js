'use strict';

const { codes } = require('internal/errors');
const { validateBoolean, validateOneOf, validateString } = require('internal/validators');
const { colors } = require('internal/util/inspect/style');

function isStream(value) {
  return typeof value === 'object' && value !== null &&
    (typeof value.pipe === 'function' || typeof value.write === 'function' || typeof value.getReader === 'function' ||
      typeof value.getWriter === 'function');
}

/** Whether colours are wanted on `stream`: the environment decides first, then whether it is a terminal. */
function wantsColor(stream) {
  const { env } = require('process');
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.NO_COLOR !== undefined || env.NODE_DISABLE_COLORS !== undefined || env.TERM === 'dumb') return false;
  return Boolean(stream?.isTTY) && (typeof stream.getColorDepth !== 'function' || stream.getColorDepth() > 2);
}

function codesOf(name) {
  const pair = colors[name];
  if (pair === undefined) validateOneOf(name, 'format', Object.keys(colors));
  return pair;
}

/** `text` between the escape sequences of one style, or of several of which the first is outermost. */
function styleText(format, text, { validateStream = true, stream = require('process').stdout } = {}) {
  validateString(text, 'text');
  validateBoolean(validateStream, 'options.validateStream');
  if (validateStream && !isStream(stream)) {
    throw new codes.ERR_INVALID_ARG_TYPE('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
  }
  const pairs = (Array.isArray(format) ? format : [format]).map(codesOf);
  // A list of styles has always been applied, whatever the stream.
  if (!Array.isArray(format) && validateStream && !wantsColor(stream)) return text;
  return pairs.reduceRight((inner, [open, close]) => `\u001b[${open}m${inner}\u001b[${close}m`, text);
}

module.exports = { styleText };
