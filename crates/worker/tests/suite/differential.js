// The body of an async function that evaluates the rows of one table and gives one text for each. Real Node and the
// embedded engine both run it, with `require`, `rows` (expressions) and `scratch` (an empty folder) in scope.

const MAX_DEPTH = 8;
const ROW_TIMEOUT = 5000;

const AsyncFunction = (async () => {}).constructor;
const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array).prototype, Symbol.toStringTag).get;

function classOf(value) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null) return 'null-prototype';
  return prototype.constructor?.name ?? 'no-constructor';
}

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** Own enumerable properties, in their order. */
function listProperties(value, skip, show) {
  const parts = [];
  for (const key of Reflect.ownKeys(value)) {
    if (skip(key) || !Object.prototype.propertyIsEnumerable.call(value, key)) continue;
    const name = typeof key === 'symbol' ? `[${String(key)}]` : JSON.stringify(key);
    parts.push(`${name}: ${show(value[key])}`);
  }
  return parts;
}

function serializeError(value, show) {
  const code = value.code === undefined ? '' : ` [${String(value.code)}]`;
  const parts = listProperties(value, (key) => key === 'code' || key === 'stack', show);
  if (Object.hasOwn(value, 'cause')) parts.push(`cause = ${show(value.cause)}`);
  if (Object.hasOwn(value, 'errors')) parts.push(`errors = ${show(value.errors)}`);
  const rest = parts.length === 0 ? '' : ` {${parts.join(', ')}}`;
  return `${String(value.name)}${code} ${JSON.stringify(String(value.message))}${rest}`;
}

function serializeArray(value, show) {
  const items = [];
  for (let index = 0; index < value.length; index++) items.push(index in value ? show(value[index]) : '<hole>');
  items.push(...listProperties(value, (key) => typeof key === 'string' && /^\d+$/.test(key), show));
  return `${classOf(value) === 'Array' ? '' : classOf(value)}[${items.join(', ')}]`;
}

function serializeObject(value, show) {
  if (isError(value)) return serializeError(value, show);
  if (Array.isArray(value)) return serializeArray(value, show);
  if (value instanceof Date) return `Date(${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()})`;
  if (value instanceof RegExp) return `${String(value)}@${value.lastIndex}`;
  if (value instanceof Map) {
    return `${classOf(value)}{${[...value].map(([key, item]) => `${show(key)} => ${show(item)}`).join(', ')}}`;
  }
  if (value instanceof Set) return `${classOf(value)}{${[...value].map(show).join(', ')}}`;
  if (ArrayBuffer.isView(value)) {
    if (typedArrayName.call(value) === undefined) return `DataView(${value.byteOffset}, ${value.byteLength})`;
    return `${classOf(value)}<${Array.from(value, show).join(' ')}>`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer<${Array.from(new Uint8Array(value)).join(' ')}>`;
  if (value instanceof Promise) return 'Promise';
  for (const Boxed of [Number, String, Boolean, Symbol, BigInt]) {
    if (value instanceof Boxed) return `Object(${show(value.valueOf())})`;
  }
  const name = classOf(value) === 'Object' ? '' : `${classOf(value)} `;
  return `${name}{${listProperties(value, () => false, show).join(', ')}}`;
}

function serialize(value, seen = []) {
  switch (typeof value) {
    case 'string': return JSON.stringify(value);
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint': return `${value}n`;
    case 'symbol': return String(value);
    case 'function': return `function ${JSON.stringify(value.name)}`;
    case 'object': break;
    default: return String(value);
  }
  if (value === null) return 'null';
  if (seen.includes(value)) return '<cycle>';
  if (seen.length >= MAX_DEPTH) return '<deep>';
  return serializeObject(value, (inner) => serialize(inner, [...seen, value]));
}

/** The result of one expression, or how it failed. */
async function evaluate(expression) {
  let timer;
  try {
    const run = new AsyncFunction('require', 'scratch', `return (${expression}\n);`);
    const timeout = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('the row never settles')), ROW_TIMEOUT);
    });
    return serialize(await Promise.race([run(require, scratch), timeout]));
  } catch (error) {
    return `throws ${serialize(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

const results = [];
for (const expression of rows) results.push((await evaluate(expression)).replaceAll(scratch, '<scratch>'));
return results;
