'use strict';

// Checks a value against a schema. It knows the words of JSON Schema that `handoff.schema.json` uses.

/** The most problems that are told. */
const MOST_PROBLEMS = 50;

/**
 * What is wrong with a value; nothing if it fits.
 * @param {*} value
 * @param {object} schema
 * @returns {{ path: string, problem: string }[]}
 */
function problems(value, schema) {
  const found = [];
  check(value, schema, '', (path, problem) => found.length < MOST_PROBLEMS && found.push({ path: path || '/', problem }));
  return found;
}

function check(value, schema, path, tell) {
  if (schema.enum && !schema.enum.includes(value)) {
    return tell(path, `is not one of ${JSON.stringify(schema.enum)}`);
  }
  if (schema.type && typeOf(value) !== schema.type) {
    return tell(path, `is ${typeOf(value)} and not ${schema.type}`);
  }
  switch (schema.type) {
    case 'object': return checkObject(value, schema, path, tell);
    case 'array': return checkArray(value, schema, path, tell);
    case 'string': return checkText(value, schema, path, tell);
    default: return undefined;
  }
}

function checkObject(value, schema, path, tell) {
  schema.required.filter((name) => !Object.hasOwn(value, name)).forEach((name) => tell(`${path}/${name}`, 'is missing'));
  const isKnown = (name) => Object.hasOwn(schema.properties, name);
  Object.keys(value).filter((name) => !isKnown(name)).forEach((name) => tell(`${path}/${name.slice(0, 100)}`, 'is not a field of it'));
  for (const name of Object.keys(value).filter(isKnown)) {
    check(value[name], schema.properties[name], `${path}/${name}`, tell);
  }
}

function checkArray(value, schema, path, tell) {
  if (value.length > schema.maxItems) {
    return tell(path, `has more than ${schema.maxItems} items`);
  }
  value.forEach((item, at) => check(item, schema.items, `${path}/${at}`, tell));
  return undefined;
}

function checkText(value, schema, path, tell) {
  // Characters as JSON Schema counts them.
  const length = [...value].length;
  if (length < (schema.minLength || 0)) {
    tell(path, `is shorter than ${schema.minLength} characters`);
  }
  if (length > schema.maxLength) {
    tell(path, `is longer than ${schema.maxLength} characters`);
  }
}

function typeOf(value) {
  if (value === null) {
    return 'null';
  }
  return Array.isArray(value) ? 'array' : typeof value;
}

module.exports = { problems };
