'use strict';

// Where installed Claude Code plugins keep their agents: in `agents` of the plugin, and where the plugin's own
// manifest says. Which plugins count follows what the program does for their skills.

const fs = require('fs');
const path = require('path');

/** The largest file of settings, in bytes. */
const LARGEST_FILE = 1024 * 1024;
/** The most plugins, and the most places of one. */
const MOST_PLUGINS = 200;
const MOST_PLACES = 32;

/**
 * The plugins that count in a workspace.
 * @param {string} own where Claude Code keeps what is the person's
 * @param {string} workspace
 * @param {function(string): void} tell takes a note
 * @returns {{ name: string, places: string[] }[]}
 */
function installedPlugins(own, workspace, tell) {
  const installed = object(readJson(path.join(own, 'plugins/installed_plugins.json'), tell).plugins);
  const settings = [
    path.join(workspace, '.claude/settings.local.json'),
    path.join(workspace, '.claude/settings.json'),
    path.join(own, 'settings.json'),
  ].map((file) => object(readJson(file, tell).enabledPlugins));
  const isOff = (plugin) => settings.some((switches) => switches[plugin] === false);
  return Object.keys(installed).sort().slice(0, MOST_PLUGINS).filter((plugin) => !isOff(plugin))
    .map((plugin) => ({ plugin, folder: folderFor(installed[plugin], workspace) }))
    .filter(({ folder }) => folder !== null)
    .map(({ plugin, folder }) => ({ name: plugin.split('@')[0].slice(0, 99), places: places(folder, tell) }));
}

/** The workspace's own installation of a plugin, else the person's. */
function folderFor(installations, workspace) {
  const all = (Array.isArray(installations) ? installations : [installations]).map(object);
  const isPersons = (one) => one.projectPath === undefined && [undefined, 'user', 'managed'].includes(one.scope);
  const chosen = all.find((one) => one.projectPath === workspace) || all.find(isPersons);
  const folder = chosen && chosen.installPath;
  return typeof folder === 'string' && path.isAbsolute(folder) ? folder : null;
}

function places(folder, tell) {
  const named = readJson(path.join(folder, '.claude-plugin/plugin.json'), tell).agents;
  const own = (Array.isArray(named) ? named : [named]).slice(0, MOST_PLACES).filter(isBelow);
  return [...new Set(['agents', ...own].map((place) => path.join(folder, place)))];
}

/** Whether a manifest's path is one of the plugin's own. */
function isBelow(place) {
  return typeof place === 'string' && place.startsWith('./') && !place.split('/').includes('..');
}

/** A JSON object from a file; an empty one if there is none, or none that can be understood. */
function readJson(file, tell) {
  let text;
  try {
    const what = fs.statSync(file);
    text = what.isFile() && what.size <= LARGEST_FILE ? fs.readFileSync(file, 'utf8') : '';
  } catch {
    return {};
  }
  try {
    return object(JSON.parse(text));
  } catch {
    tell(`${file}: it is not JSON, or too large.`);
    return {};
  }
}

function object(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

module.exports = { installedPlugins };
