'use strict';

// How util.inspect shows errors: their stack with a first line that tells name, class and message.

const types = require('internal/util/types');
const { prefixOf } = require('internal/util/inspect/name');

const FRAME = '\n    at ';

function isError(value) {
  return types.isNativeError(value) || value instanceof Error;
}

/** The stack as V8 would have it: "name: message", then frames. */
function stackOf(error) {
  const { stack } = error;
  if (!stack) return Error.prototype.toString.call(error);
  const text = String(stack);
  // The engine's own traces come without the first line.
  return text.startsWith('    at ') ? `${Error.prototype.toString.call(error)}\n${text.replace(/\n$/, '')}` : text;
}

/** Leaves out of `keys` what the stack tells already, and adds causes and errors, which are not enumerable. */
function adjustKeys(context, keys, error, stack) {
  if (!context.showHidden && keys.length > 0) {
    for (const name of ['name', 'message', 'stack']) {
      const position = keys.indexOf(name);
      if (position !== -1 && stack.includes(error[name])) keys.splice(position, 1);
    }
  }
  if ('cause' in error && !keys.includes('cause')) keys.push('cause');
  if (Array.isArray(error.errors) && !keys.includes('errors')) keys.push('errors');
}

/** Names the error's class in the first line when the stack's own name does not tell it. */
function withClass(stack, constructor, name, tag) {
  const length = name.length;
  const startsWithName = name.endsWith('Error') && stack.startsWith(name) &&
    (stack.length === length || stack[length] === ':' || stack[length] === '\n');
  if (constructor === null) {
    const start = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
    const fallback = start?.[1] ?? '';
    const prefix = prefixOf(constructor, tag, fallback || 'Error').slice(0, -1);
    return `${prefix}${stack.slice(fallback.length)}`;
  }
  if (!startsWithName) return stack;
  const prefix = prefixOf(constructor, tag, 'Error').slice(0, -1);
  if (name === prefix) return stack;
  if (prefix.includes(name)) return length === 0 ? `${prefix}: ${stack}` : `${prefix}${stack.slice(length)}`;
  return `${prefix} [${name}]${stack.slice(length)}`;
}

/** The longest run of lines that both have: its length and where it starts in `lines`. */
function commonRun(lines, others) {
  for (let start = 0; start < lines.length - 3; start++) {
    const position = others.indexOf(lines[start]);
    if (position === -1) continue;
    const rest = others.length - position;
    if (rest > 3) {
      let length = 1;
      const limit = Math.min(lines.length - start, rest);
      while (length < limit && lines[start + length] === others[position + length]) length++;
      if (length > 3) return { length, start };
    }
  }
  return { length: 0, start: 0 };
}

/** The frames, without those that the error's cause shows as well. */
function framesOf(context, error, text) {
  const frames = text.split('\n');
  let cause;
  try {
    ({ cause } = error);
  } catch {
    return frames; // A cause that cannot be read is shown as the property that it is.
  }
  if (cause == null || !isError(cause)) return frames;
  const causeStack = stackOf(cause);
  const start = causeStack.indexOf(FRAME);
  if (start === -1) return frames;
  const { length, start: offset } = commonRun(frames, causeStack.slice(start + 1).split('\n'));
  if (length > 3) {
    const skipped = length - 2;
    frames.splice(offset + 1, skipped,
      context.stylize(`    ... ${skipped} lines matching cause stack trace ...`, 'undefined'));
  }
  return frames;
}

function formatError(error, constructor, tag, context, keys) {
  const name = error.name != null ? String(error.name) : 'Error';
  let stack = stackOf(error);
  adjustKeys(context, keys, error, stack);
  stack = withClass(stack, constructor, name, tag);
  // Frames are looked for behind the message, which may look like one.
  const message = error.message && stack.indexOf(error.message);
  const from = message > -1 ? message + String(error.message).length : 0;
  const start = stack.indexOf(FRAME, from);
  if (start === -1) {
    stack = `[${stack}]`;
  } else {
    const frames = framesOf(context, error, stack.slice(start + 1));
    stack = `${stack.slice(0, start)}\n${frames.map((frame) => formatFrame(context, frame)).join('\n')}`;
  }
  if (context.indentationLvl !== 0) stack = stack.replaceAll('\n', `\n${' '.repeat(context.indentationLvl)}`);
  return stack;
}

/** With colours, what is not the program's own is grey: builtin modules, and the way to the working directory. */
function formatFrame(context, frame) {
  if (!context.colors) return frame;
  if (/\(?node:[^)]*\)?$/.test(frame)) return context.stylize(frame, 'undefined');
  const here = `(${require('process').cwd()}/`;
  if (frame.includes(here) && frame.endsWith(')')) {
    frame = frame.replace(here, context.stylize(here, 'undefined')).slice(0, -1) + context.stylize(')', 'undefined');
  }
  return frame.replace(/([/\\]node_modules[/\\])((?:@[^/\\]+[/\\])?[^/\\]+)/g,
    (_, folder, name) => `${folder}${context.stylize(name, 'module')}`);
}

module.exports = { formatError };
