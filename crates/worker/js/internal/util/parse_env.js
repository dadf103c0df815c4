'use strict';

const { validateString } = require('internal/validators');

const LINE = new RegExp(
  '^[^\\S\\n]*(?:export[^\\S\\n]+)?([^\\s=#][^=\\n]*?)[^\\S\\n]*=[^\\S\\n]*' +
  '(?:"([^"]*)"|\'([^\']*)\'|`([^`]*)`|([^\\n]*))[^\\n]*$', 'gm');

/** The variables of a file in the format of `.env`, in the order of their names. */
function parseEnv(content) {
  validateString(content, 'content');
  const variables = {};
  for (const [, key, double, single, back, plain] of content.replaceAll('\r\n', '\n').matchAll(LINE)) {
    let value = double?.replaceAll('\\n', '\n') ?? single ?? back;
    value ??= plain.replace(/#.*$/, '').trim();
    variables[key] = value;
  }
  return Object.fromEntries(Object.keys(variables).sort().map((key) => [key, variables[key]]));
}

module.exports = { parseEnv };
