'use strict';

// util.parseArgs: a list of arguments as tokens, and from them options and positionals.

const { codes } = require('internal/errors');
const {
  validateArray, validateBoolean, validateBooleanArray, validateObject, validateString, validateStringArray,
  validateUnion,
} = require('internal/validators');

function ownOf(object, key, fallback) {
  return Object.hasOwn(object, key) ? object[key] : fallback;
}

function validateOption(name, option) {
  validateObject(option, `options.${name}`);
  const type = ownOf(option, 'type');
  validateUnion(type, `options.${name}.type`, ['string', 'boolean']);
  if (Object.hasOwn(option, 'short')) {
    validateString(option.short, `options.${name}.short`);
    if (option.short.length !== 1) {
      throw new codes.ERR_INVALID_ARG_VALUE(`options.${name}.short`, option.short, 'must be a single character');
    }
  }
  const multiple = ownOf(option, 'multiple');
  if (Object.hasOwn(option, 'multiple')) validateBoolean(multiple, `options.${name}.multiple`);
  const preset = ownOf(option, 'default');
  if (preset === undefined) return;
  const validators = multiple ? [validateStringArray, validateBooleanArray] : [validateString, validateBoolean];
  validators[type === 'string' ? 0 : 1](preset, `options.${name}.default`);
}

/** What the arguments say, one token for each option, positional and terminator. */
class Tokenizer {
  constructor(args, options) {
    this.remaining = [...args];
    this.options = options;
    this.index = -1;
    this.groupSize = 0;
    this.tokens = [];
  }

  run() {
    while (this.remaining.length > 0) {
      const argument = this.remaining.shift();
      // The members of an expanded group of short options count as one argument.
      if (this.groupSize > 0) this.groupSize--;
      else this.index++;
      if (argument === '--') {
        this.tokens.push({ kind: 'option-terminator', index: this.index });
        for (const value of this.remaining) this.tokens.push({ kind: 'positional', index: ++this.index, value });
        break;
      }
      this.#take(argument);
    }
    return this.tokens;
  }

  #take(argument) {
    if (/^--./s.test(argument)) {
      this.#long(argument);
    } else if (/^-[^-]$/s.test(argument)) {
      this.#spaced(this.#longNameOf(argument[1]), argument);
    } else if (/^-[^-]./s.test(argument)) {
      this.#shorts(argument);
    } else {
      this.tokens.push({ kind: 'positional', index: this.index, value: argument });
    }
  }

  #long(argument) {
    const equals = argument.indexOf('=', 3);
    if (equals === -1) {
      this.#spaced(argument.slice(2), argument);
      return;
    }
    this.#option(argument.slice(2, equals), argument.slice(0, equals), argument.slice(equals + 1), true);
  }

  /** `-abc`: options without values in one word, of which the last may take one; or `-oVALUE`. */
  #shorts(argument) {
    const name = this.#longNameOf(argument[1]);
    if (this.#typeOf(name) === 'string') {
      this.#option(name, `-${argument[1]}`, argument.slice(2), true);
      return;
    }
    const expanded = [];
    for (let position = 1; position < argument.length; position++) {
      const takesValue = this.#typeOf(this.#longNameOf(argument[position])) === 'string';
      if (takesValue && position < argument.length - 1) {
        expanded.push(`-${argument.slice(position)}`);
        break;
      }
      expanded.push(`-${argument[position]}`);
    }
    this.remaining.unshift(...expanded);
    this.groupSize = expanded.length;
  }

  /** An option whose value, if it takes one, is the next argument. */
  #spaced(name, rawName) {
    if (this.#typeOf(name) === 'string' && this.remaining.length > 0) {
      this.#option(name, rawName, this.remaining.shift(), false);
      this.index++;
      return;
    }
    this.#option(name, rawName, undefined, undefined);
  }

  #option(name, rawName, value, inlineValue) {
    this.tokens.push({ kind: 'option', name, rawName, index: this.index, value, inlineValue });
  }

  #longNameOf(short) {
    for (const [name, option] of Object.entries(this.options)) {
      if (ownOf(option, 'short') === short) return name;
    }
    return short;
  }

  #typeOf(name) {
    return Object.hasOwn(this.options, name) ? ownOf(this.options[name], 'type') : undefined;
  }
}

function checkAmbiguity({ rawName, name, value, inlineValue }) {
  if (inlineValue || value === undefined || value.length < 2 || value[0] !== '-') return;
  const example = rawName.startsWith('--') ? `'${rawName}=-XYZ'` : `'--${name}=-XYZ' or '${rawName}-XYZ'`;
  throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(
    `Option '${rawName}' argument is ambiguous.\n` +
    `Did you forget to specify the option argument for '${rawName}'?\n` +
    `To specify an option argument starting with a dash use ${example}.`);
}

function checkUsage({ options, allowPositionals }, token) {
  if (!Object.hasOwn(options, token.name)) {
    throw new codes.ERR_PARSE_ARGS_UNKNOWN_OPTION(token.rawName, allowPositionals);
  }
  const short = ownOf(options[token.name], 'short');
  const type = ownOf(options[token.name], 'type');
  const shown = `${short ? `-${short}, ` : ''}--${token.name}`;
  if (type === 'string' && typeof token.value !== 'string') {
    throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown} <value>' argument missing`);
  }
  if (type === 'boolean' && token.value != null) {
    throw new codes.ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown}' does not take an argument`);
  }
}

/** `--no-color` as `color: false`, where negation is allowed and the option exists. */
function negated(options, token) {
  if (!token.rawName.startsWith('--no-') || Object.hasOwn(options, token.name)) return undefined;
  const name = token.name.slice(3);
  return Object.hasOwn(options, name) && ownOf(options[name], 'type') === 'boolean' ? name : undefined;
}

function store(options, values, name, value) {
  if (name === '__proto__') return;
  if (Object.hasOwn(options, name) && ownOf(options[name], 'multiple')) {
    if (values[name]) values[name].push(value);
    else values[name] = [value];
  } else {
    values[name] = value;
  }
}

function defaultArgs() {
  const { argv, execArgv = [] } = require('process');
  const evaluates = execArgv.some((argument) => ['-e', '--eval', '-p', '--print'].includes(argument));
  return argv.slice(evaluates ? 1 : 2);
}

function parseArgs(config = {}) {
  const args = ownOf(config, 'args') ?? defaultArgs();
  const strict = ownOf(config, 'strict', true);
  const allowPositionals = ownOf(config, 'allowPositionals', !strict);
  const withTokens = ownOf(config, 'tokens', false);
  const allowNegative = ownOf(config, 'allowNegative', false);
  const options = ownOf(config, 'options', { __proto__: null });
  validateArray(args, 'args');
  validateBoolean(strict, 'strict');
  validateBoolean(allowPositionals, 'allowPositionals');
  validateBoolean(withTokens, 'tokens');
  validateBoolean(allowNegative, 'allowNegative');
  validateObject(options, 'options');
  for (const [name, option] of Object.entries(options)) validateOption(name, option);

  const tokens = new Tokenizer(args, options).run();
  const result = { values: { __proto__: null }, positionals: [] };
  if (withTokens) result.tokens = tokens;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!allowPositionals) throw new codes.ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL(token.value);
      result.positionals.push(token.value);
    } else if (token.kind === 'option') {
      const positive = allowNegative && token.value === undefined ? negated(options, token) : undefined;
      if (positive !== undefined) token.name = positive;
      if (strict) {
        checkUsage({ options, allowPositionals }, token);
        checkAmbiguity(token);
      }
      store(options, result.values, token.name, positive === undefined ? token.value ?? true : false);
    }
  }
  for (const [name, option] of Object.entries(options)) {
    const preset = ownOf(option, 'default');
    if (preset !== undefined && result.values[name] === undefined) result.values[name] = preset;
  }
  return result;
}

module.exports = { parseArgs };
