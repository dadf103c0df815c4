'use strict';

// The definitions of agents: from the arguments of a call, or from the folders where Claude Code keeps them.
// They are texts of others: everything is bounded, and what cannot be used is a note and not a failure.

const fs = require('fs');
const path = require('path');
const { frontMatter } = require('./front-matter');
const { installedPlugins } = require('./plugins');

/** The most agents. */
const MOST_AGENTS = 500;
/** The largest file that is read, in bytes. */
const LARGEST_FILE = 256 * 1024;
/** The most entries of all folders that are looked at. */
const MOST_ENTRIES = 5000;
/** How deep folders are looked into. */
const DEEPEST = 4;
/** The most notes of a result. */
const MOST_NOTES = 50;
/** The most characters of a description, and of the text below it. */
const LONGEST_DESCRIPTION = 4096;
const LONGEST_BODY = 4096;

/**
 * @typedef {object} Agent
 * @property {string} name how it is called; a plugin's agent is `plugin:name`
 * @property {string} description
 * @property {string} body the instructions below the head, cut to 4,096 characters
 * @property {string[] | null} tools the tools it may use; `null` means all
 * @property {string | null} model
 * @property {string} source `argument`, `workspace`, `user` or `plugin`
 * @property {string | null} path its file
 */

/**
 * The agents of a call: those of its arguments if there are any, else those that are installed.
 * @param {Array<string | object>} [given] Markdown texts, or `{ name, description, body, tools, model }`
 * @returns {{ agents: Agent[], notes: string[] }}
 */
function collect(given) {
  const found = { agents: [], notes: [], names: new Set(), entries: 0 };
  if (given !== undefined && given !== null) {
    if (!Array.isArray(given)) {
      throw new TypeError('`agents` is a list of definitions');
    }
    given.forEach((one, index) => take(found, fromArgument(one), `definition ${index + 1}`, 'argument', null));
  } else {
    readInstalled(found);
  }
  return { agents: found.agents, notes: found.notes };
}

/** Where Claude Code keeps what is the person's. */
function ownFolder() {
  const moved = process.env.CLAUDE_CONFIG_DIR || '';
  return path.isAbsolute(moved) ? moved : path.join(process.env.HOME || '', '.claude');
}

function readInstalled(found) {
  const own = ownFolder();
  readPlace(found, path.join(process.cwd(), '.claude', 'agents'), 'workspace', '');
  readPlace(found, path.join(own, 'agents'), 'user', '');
  for (const plugin of installedPlugins(own, process.cwd(), (text) => note(found, text))) {
    for (const place of plugin.places) {
      readPlace(found, place, 'plugin', `${plugin.name}:`);
    }
  }
  if (found.agents.length === 0) {
    note(found, 'No agents were found. An untrusted workspace shows none: `mycelium trust` changes that. '
      + 'Definitions can also be given as `agents`.');
  }
}

/** Reads a file, or the Markdown files of a folder and below, in the order of their names. */
function readPlace(found, place, source, prefix) {
  const waiting = [{ place, depth: 0 }];
  while (waiting.length > 0) {
    const { place: now, depth } = waiting.pop();
    if (found.entries >= MOST_ENTRIES) {
      return note(found, `More than ${MOST_ENTRIES} entries: the rest was left out.`);
    }
    found.entries += 1;
    const what = look(found, now, depth === 0);
    if (what && what.isDirectory() && depth <= DEEPEST) {
      const entries = list(found, now).sort().reverse();
      waiting.push(...entries.map((entry) => ({ place: path.join(now, entry), depth: depth + 1 })));
    } else if (what && what.isFile() && /\.md$/i.test(now)) {
      const text = readFile(found, now, what.size);
      if (text !== null) {
        take(found, fromMarkdown(text, path.basename(now).slice(0, -3)), now, source, now, prefix);
      }
    }
  }
  return undefined;
}

/** What is at a place. That nothing is there is no note for a place where agents may be. */
function look(found, place, mayBeMissing) {
  try {
    // Only real files and folders below a place: a link could lead anywhere, or round and round.
    return mayBeMissing ? fs.statSync(place) : fs.lstatSync(place);
  } catch (error) {
    if (!mayBeMissing) {
      note(found, `${printable(place)}: ${error.code}`);
    }
    return null;
  }
}

function list(found, folder) {
  try {
    return fs.readdirSync(folder).slice(0, MOST_ENTRIES);
  } catch (error) {
    note(found, `${printable(folder)}: ${error.code}`);
    return [];
  }
}

function readFile(found, file, size) {
  if (size > LARGEST_FILE) {
    note(found, `${printable(file)}: it is larger than ${LARGEST_FILE} bytes.`);
    return null;
  }
  try {
    return fs.readFileSync(file, 'utf8').slice(0, LARGEST_FILE);
  } catch (error) {
    note(found, `${printable(file)}: ${error.code}`);
    return null;
  }
}

function fromMarkdown(text, fallback) {
  const { fields, body, problem } = frontMatter(text);
  return { ...Object.fromEntries(fields), name: fields.get('name') || fallback, body, problem };
}

function fromArgument(one) {
  if (typeof one === 'string') {
    return fromMarkdown(one.slice(0, LARGEST_FILE), '');
  }
  return one !== null && typeof one === 'object' && !Array.isArray(one) ? one : { problem: 'it is not a definition' };
}

/** Takes a definition, or notes why not. */
function take(found, raw, place, source, file, prefix = '') {
  const where = printable(place);
  const name = line(raw.name, 100);
  const problem = raw.problem || (name === '' ? 'it has no name' : '');
  if (problem) {
    return note(found, `${where}: ${problem}.`);
  }
  const full = prefix + name;
  if (found.names.has(full)) {
    return note(found, `${where}: an agent named \`${full}\` was found before it.`);
  }
  if (found.agents.length >= MOST_AGENTS) {
    return note(found, `More than ${MOST_AGENTS} agents: the rest was left out.`);
  }
  found.names.add(full);
  found.agents.push({
    name: full,
    description: line(raw.description, LONGEST_DESCRIPTION),
    body: typeof raw.body === 'string' ? raw.body.slice(0, LONGEST_BODY) : '',
    tools: tools(raw.tools),
    model: line(raw.model, 100) || null,
    source,
    path: file,
  });
  return undefined;
}

/** A list of tools, which may be written as one text. */
function tools(raw) {
  const items = typeof raw === 'string' ? raw.split(',', 200) : raw;
  return Array.isArray(items) ? items.slice(0, 200).map((item) => line(item, 100)).filter(Boolean) : null;
}

/** Adds a note, as long as there are not too many and none says the same. */
function note(found, text) {
  if (found.notes.length < MOST_NOTES && !found.notes.includes(text)) {
    found.notes.push(text);
  }
}

/** A text of others as one line without control characters. */
function line(text, longest) {
  return typeof text === 'string' ? printable(text.slice(0, longest * 2)).trim().slice(0, longest) : '';
}

function printable(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

module.exports = { collect, line };
