'use strict';

// Entries of directories.

const { Buffer } = require('buffer');
const { check, toName } = require('internal/fs/arguments');
const {
  UV_DIRENT_BLOCK, UV_DIRENT_CHAR, UV_DIRENT_DIR, UV_DIRENT_FIFO, UV_DIRENT_FILE, UV_DIRENT_LINK, UV_DIRENT_SOCKET,
  UV_DIRENT_UNKNOWN,
} = require('internal/fs/constants');
const { makeStats } = require('internal/fs/stats');

const fs = binding('fs');
const kType = Symbol('type');

class Dirent {
  constructor(name, type, path) {
    this.name = name;
    this.parentPath = path;
    this.path = path;
    this[kType] = type;
  }
}

for (const [method, kind] of Object.entries({
  isDirectory: UV_DIRENT_DIR,
  isFile: UV_DIRENT_FILE,
  isBlockDevice: UV_DIRENT_BLOCK,
  isCharacterDevice: UV_DIRENT_CHAR,
  isSymbolicLink: UV_DIRENT_LINK,
  isFIFO: UV_DIRENT_FIFO,
  isSocket: UV_DIRENT_SOCKET,
})) {
  Object.defineProperty(Dirent.prototype, method, {
    value: { [method]() { return this[kType] === kind; } }[method],
    writable: true,
    configurable: true,
  });
}

function join(path, name) {
  if (typeof path === 'string' && typeof name === 'string') return require('path').join(path, name);
  return Buffer.concat([Buffer.from(path), Buffer.from('/'), Buffer.from(name)]);
}

/** The kind of an entry whose file system does not tell it in the listing. */
function lookUpType(path, name) {
  const full = join(path, name);
  const stats = makeStats(check(fs.lstat(full), 'lstat', full), false);
  if (stats.isDirectory()) return UV_DIRENT_DIR;
  if (stats.isFile()) return UV_DIRENT_FILE;
  if (stats.isSymbolicLink()) return UV_DIRENT_LINK;
  if (stats.isFIFO()) return UV_DIRENT_FIFO;
  if (stats.isSocket()) return UV_DIRENT_SOCKET;
  if (stats.isCharacterDevice()) return UV_DIRENT_CHAR;
  return UV_DIRENT_BLOCK;
}

/** The entries of one directory: `{name, type}`, names in `encoding`. */
function list(path, encoding, syscall = 'scandir', errorPath = path) {
  const flat = check(fs.readdir(path), syscall, errorPath);
  const entries = [];
  for (let index = 0; index < flat.length; index += 2) {
    const raw = flat[index];
    let type = flat[index + 1];
    if (type === UV_DIRENT_UNKNOWN) type = lookUpType(path, raw);
    entries.push({ name: toName(raw, encoding), type, raw });
  }
  return entries;
}

/** fs.readdir. With `recursive`, directories are listed in the order they were found, level by level. */
function readdir(path, { encoding, withFileTypes, recursive }) {
  const shownPath = typeof path === 'string' || encoding === 'buffer' ? path : Buffer.from(path).toString();
  if (!recursive) {
    const entries = list(path, encoding);
    if (!withFileTypes) return entries.map(({ name }) => name);
    return entries.map(({ name, type }) => new Dirent(name, type, shownPath));
  }
  const results = [];
  const waiting = [{ path: shownPath, prefix: '' }];
  for (let next = 0; next < waiting.length; next++) {
    const { path: directory, prefix } = waiting[next];
    for (const { name, type, raw } of list(directory, encoding)) {
      const relative = prefix === '' ? name : join(prefix, name);
      results.push(withFileTypes ? new Dirent(name, type, directory) : relative);
      if (type === UV_DIRENT_DIR) waiting.push({ path: join(directory, raw), prefix: relative });
    }
  }
  return results;
}

module.exports = { Dirent, join, list, readdir };
