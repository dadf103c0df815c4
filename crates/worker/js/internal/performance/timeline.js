'use strict';

// The marks and measures of a program, in the order of their start.

/** As many entries of a kind as are kept; a program that clears nothing must not fill the memory. */
const MAX_ENTRIES = 1_000_000;

const marks = [];
const measures = [];
const latestMark = new Map();

function sorted(entries) {
  return entries.sort((first, second) => first.startTime - second.startTime);
}

function add(entry) {
  const list = entry.entryType === 'mark' ? marks : measures;
  if (entry.entryType === 'mark') latestMark.set(entry.name, entry.startTime);
  if (list.length < MAX_ENTRIES) list.push(entry);
}

function clear(list, name) {
  const kept = name === undefined ? [] : list.filter((entry) => entry.name !== name);
  list.length = 0;
  for (const entry of kept) list.push(entry);
}

module.exports = {
  add,
  all: () => sorted([...marks, ...measures]),
  byType: (type) => sorted(type === 'mark' ? [...marks] : type === 'measure' ? [...measures] : []),
  clearMarks(name) {
    if (name === undefined) latestMark.clear();
    else latestMark.delete(name);
    clear(marks, name);
  },
  clearMeasures: (name) => clear(measures, name),
  latestMark: (name) => latestMark.get(name),
};
