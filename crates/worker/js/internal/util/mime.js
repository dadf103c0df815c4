'use strict';

// util.MIMEType and util.MIMEParams, after the WHATWG MIME Sniffing standard.

const { codes } = require('internal/errors');

const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~A-Za-z0-9]/;
const NOT_QUOTED = /[^\t\u0020-~\u0080-\u00ff]/;
const SPACE = '[\\t\\n\\r ]';

function trimEnd(text) {
  return text.replace(new RegExp(`${SPACE}+$`), '');
}

function trim(text) {
  return trimEnd(text.replace(new RegExp(`^${SPACE}+`), ''));
}

function checkToken(production, token, text) {
  const position = token.search(NOT_TOKEN);
  if (token === '' || position !== -1) throw new codes.ERR_INVALID_MIME_SYNTAX(production, text, position);
}

/** A parameter's value as it stands in the text: in quotes if it is no token. */
function encodeValue(value) {
  if (value === '') return '""';
  return NOT_TOKEN.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
}

let parseParams;

class MIMEParams {
  #values = new Map();

  delete(name) {
    this.#values.delete(name);
  }

  get(name) {
    return this.#values.get(name) ?? null;
  }

  has(name) {
    return this.#values.has(name);
  }

  set(name, value) {
    name = `${name}`;
    value = `${value}`;
    checkToken('parameter name', name, name);
    const position = value.search(NOT_QUOTED);
    if (position !== -1) throw new codes.ERR_INVALID_MIME_SYNTAX('parameter value', value, position);
    this.#values.set(name, value);
  }

  * entries() {
    yield* this.#values.entries();
  }

  * keys() {
    yield* this.#values.keys();
  }

  * values() {
    yield* this.#values.values();
  }

  toString() {
    return [...this.#values].map(([name, value]) => `${name}=${encodeValue(value)}`).join(';');
  }

  static {
    parseParams = (text) => new MIMEParams().#parse(text);
  }

  /** Adds the parameters of `text`, which starts behind the subtype; malformed ones are skipped. */
  #parse(text) {
    let position = 0;
    while (position < text.length) {
      position += text.slice(position).match(new RegExp(`^;?${SPACE}*`))[0].length;
      const name = /^[^;=]*/.exec(text.slice(position))[0];
      position += name.length;
      if (text[position] !== '=') {
        position = nextSeparator(text, position);
        continue;
      }
      position++;
      let value;
      const quoted = /^"((?:[^\\"]|\\[^])*)(?:"|\\?$)/.exec(text.slice(position));
      if (quoted !== null) {
        value = quoted[1].replace(/\\([^])/g, '$1');
        position = nextSeparator(text, position + quoted[0].length);
      } else {
        const end = nextSeparator(text, position);
        value = trimEnd(text.slice(position, end));
        position = end;
        if (value === '') continue;
      }
      const key = name.toLowerCase();
      if (key !== '' && !NOT_TOKEN.test(key) && !NOT_QUOTED.test(value) && !this.has(key)) this.#values.set(key, value);
    }
    return this;
  }
}
Object.defineProperty(MIMEParams.prototype, Symbol.iterator, {
  value: MIMEParams.prototype.entries, writable: true, configurable: true,
});
Object.defineProperty(MIMEParams.prototype, 'toJSON', {
  value: MIMEParams.prototype.toString, writable: true, configurable: true,
});

function nextSeparator(text, from) {
  const position = text.indexOf(';', from);
  return position === -1 ? text.length : position;
}

class MIMEType {
  #type;
  #subtype;
  #parameters;

  constructor(input) {
    const text = trim(`${input}`);
    const slash = text.indexOf('/');
    const type = slash === -1 ? text : text.slice(0, slash);
    if (slash === -1 || type === '' || NOT_TOKEN.test(type)) {
      throw new codes.ERR_INVALID_MIME_SYNTAX('type', `${input}`, slash === -1 ? -1 : type.search(NOT_TOKEN));
    }
    const rest = text.slice(slash + 1);
    const end = nextSeparator(rest, 0);
    const subtype = trimEnd(rest.slice(0, end));
    if (subtype === '' || NOT_TOKEN.test(subtype)) {
      throw new codes.ERR_INVALID_MIME_SYNTAX('subtype', text, subtype.search(NOT_TOKEN));
    }
    this.#type = type.toLowerCase();
    this.#subtype = subtype.toLowerCase();
    this.#parameters = parseParams(rest.slice(end));
  }

  get type() {
    return this.#type;
  }

  set type(value) {
    value = `${value}`;
    checkToken('type', value, value);
    this.#type = value.toLowerCase();
  }

  get subtype() {
    return this.#subtype;
  }

  set subtype(value) {
    value = `${value}`;
    checkToken('subtype', value, value);
    this.#subtype = value.toLowerCase();
  }

  get essence() {
    return `${this.#type}/${this.#subtype}`;
  }

  get params() {
    return this.#parameters;
  }

  toString() {
    const parameters = this.#parameters.toString();
    return parameters === '' ? this.essence : `${this.essence};${parameters}`;
  }
}
Object.defineProperty(MIMEType.prototype, 'toJSON', {
  value: MIMEType.prototype.toString, writable: true, configurable: true,
});

module.exports = { MIMEParams, MIMEType };
