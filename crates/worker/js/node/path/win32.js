'use strict';

const { validateString } = require('internal/validators');
const { extensionOf, formatParts, normalizeSegments, withoutSuffix } = require('internal/path/shared');

const SEPARATOR = /[\\/]/;
const UNC = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)/;
const DRIVE = /^[A-Za-z]:/;
const RESERVED = new Set(['CON', 'PRN', 'AUX', 'NUL']);
for (const digit of '123456789\xb9\xb2\xb3') RESERVED.add(`COM${digit}`).add(`LPT${digit}`);

function isSeparator(character) {
  return character === '\\' || character === '/';
}

/** Whether the text before the colon at `colon` names a device such as `CON`. */
function isReservedName(path, colon) {
  return RESERVED.has(path.slice(0, colon).toUpperCase());
}

/** `path`'s device (drive or `\\host\share`), where its root ends, and whether it starts at that root. */
function splitRoot(path) {
  if (isSeparator(path[0])) {
    const share = UNC.exec(path);
    if (share === null) return { device: '', end: 1, absolute: true, share: null };
    return { device: `\\\\${share[1]}\\${share[2]}`, end: share[0].length, absolute: true, share };
  }
  if (!DRIVE.test(path)) return { device: '', end: 0, absolute: false, share: null };
  const absolute = path.length > 2 && isSeparator(path[2]);
  return { device: path.slice(0, 2), end: absolute ? 3 : 2, absolute, share: null };
}

function normalizeTail(text, keepAbove) {
  return normalizeSegments(text.split(SEPARATOR), keepAbove).join('\\');
}

/** The path that stands for "here" on `device`; Windows keeps one per drive. */
function currentDirectory(device) {
  const process = require('process');
  if (device === '') return process.cwd();
  const path = process.env[`=${device}`] || process.cwd();
  const elsewhere = path.slice(0, 2).toLowerCase() !== device.toLowerCase() && path[2] === '\\';
  return elsewhere ? `${device}\\` : path;
}

function resolve(...paths) {
  let device = '';
  let tail = '';
  let absolute = false;
  for (let index = paths.length - 1; index >= -1; index--) {
    const path = index >= 0 ? paths[index] : currentDirectory(device);
    if (index >= 0) validateString(path, `paths[${index}]`);
    if (path.length === 0) continue;
    const root = splitRoot(path);
    if (root.device.startsWith('\\\\?\\') || root.device.startsWith('\\\\.\\')) {
      root.device = root.device.slice(0, 3); // The namespace itself: what follows is an ordinary tail.
      root.end = 4;
    }
    if (root.device !== '') {
      if (device === '') device = root.device;
      else if (root.device.toLowerCase() !== device.toLowerCase()) continue;
    }
    if (!absolute) {
      tail = `${path.slice(root.end)}\\${tail}`;
      absolute = root.absolute;
    }
    if (absolute && device !== '') break;
  }
  tail = normalizeTail(tail, !absolute);
  return absolute ? `${device}\\${tail}` : `${device}${tail}` || '.';
}

/** Whether the relative `path`, normalised to `tail`, would be read as one with a drive or a stream. */
function needsDotPrefix(path, tail) {
  if (tail.length >= 2 && DRIVE.test(tail)) return true;
  for (let colon = path.indexOf(':'); colon !== -1; colon = path.indexOf(':', colon + 1)) {
    if (colon === path.length - 1 || isSeparator(path[colon + 1])) return true;
  }
  return false;
}

function normalize(path) {
  validateString(path, 'path');
  if (path.length === 0) return '.';
  if (path.length === 1) return path === '/' ? '\\' : path;
  let { device, end, absolute, share } = splitRoot(path);
  if (share !== null && end === path.length) return `${device}\\`;
  const colon = path.indexOf(':');
  const reserved = colon > 0 && isReservedName(path, colon);
  if (reserved && device === '' && !absolute) {
    device = path.slice(0, colon + 1);
    end = colon + 1;
  }
  let tail = end < path.length ? normalizeTail(path.slice(end), !absolute) : '';
  if (tail === '' && !absolute) tail = '.';
  if (tail !== '' && isSeparator(path[path.length - 1])) tail += '\\';
  if (!absolute && device === '' && colon !== -1 && needsDotPrefix(path, tail)) return `.\\${tail}`;
  if (reserved) return `.\\${device}${tail}`;
  return absolute ? `${device}\\${tail}` : `${device}${tail}`;
}

function isAbsolute(path) {
  validateString(path, 'path');
  return path.length > 0 && splitRoot(path).absolute;
}

function join(...paths) {
  if (paths.length === 0) return '.';
  const parts = [];
  for (const path of paths) {
    validateString(path, 'path');
    if (path !== '') parts.push(path);
  }
  if (parts.length === 0) return '.';
  let joined = parts.join('\\');
  // Only a first part that is itself a UNC path may start with two separators.
  if (!/^[\\/]{2}[^\\/]/.test(parts[0])) joined = joined.replace(/^[\\/]{2,}/, '\\');
  return normalize(joined);
}

function relative(from, to) {
  validateString(from, 'from');
  validateString(to, 'to');
  if (from === to) return '';
  const source = resolve(from);
  const target = resolve(to);
  if (source.toLowerCase() === target.toLowerCase()) return '';
  const sourceSegments = source.split('\\').filter((segment) => segment !== '');
  const targetSegments = target.split('\\').filter((segment) => segment !== '');
  let common = 0;
  while (common < sourceSegments.length && common < targetSegments.length &&
    sourceSegments[common].toLowerCase() === targetSegments[common].toLowerCase()) common++;
  if (common === 0 && sourceSegments.length > 0 && targetSegments.length > 0) return target;
  return [...sourceSegments.slice(common).fill('..'), ...targetSegments.slice(common)].join('\\');
}

function toNamespacedPath(path) {
  if (typeof path !== 'string' || path.length === 0) return path;
  const resolved = resolve(path);
  if (resolved.length <= 2) return path;
  if (resolved.startsWith('\\\\')) {
    if (resolved[2] !== '?' && resolved[2] !== '.') return `\\\\?\\UNC\\${resolved.slice(2)}`;
  } else if (DRIVE.test(resolved) && resolved[2] === '\\') {
    return `\\\\?\\${resolved}`;
  }
  return resolved;
}

/** Where the last segment starts and ends, not going into the first `rootEnd` characters. */
function lastSegment(path, rootEnd) {
  let end = path.length;
  while (end > rootEnd && isSeparator(path[end - 1])) end--;
  let start = end;
  while (start > rootEnd && !isSeparator(path[start - 1])) start--;
  return { start, end };
}

/** Where the root ends for dirname and parse: the separator after a share belongs to it. */
function rootLength(path) {
  const { end, share } = splitRoot(path);
  return share !== null && end < path.length ? end + 1 : end;
}

function dirname(path) {
  validateString(path, 'path');
  if (path.length === 0) return '.';
  if (path.length === 1) return isSeparator(path) ? path : '.';
  const { share, end: shareEnd } = splitRoot(path);
  if (share !== null && shareEnd === path.length) return path;
  const root = rootLength(path);
  const { start } = lastSegment(path, root);
  if (start > root) return path.slice(0, start - 1);
  return root === 0 ? '.' : path.slice(0, root);
}

function basename(path, suffix) {
  if (suffix !== undefined) validateString(suffix, 'suffix');
  validateString(path, 'path');
  if (suffix !== undefined && suffix.length > 0 && suffix === path) return '';
  const { start, end } = lastSegment(path, DRIVE.test(path) ? 2 : 0);
  const base = path.slice(start, end);
  return suffix === undefined || suffix === '' ? base : withoutSuffix(base, suffix);
}

function extname(path) {
  return extensionOf(basename(path));
}

function parse(path) {
  validateString(path, 'path');
  const rootEnd = path.length === 0 ? 0 : rootLength(path);
  const root = path.slice(0, rootEnd);
  const { start, end } = lastSegment(path, rootEnd);
  const base = path.slice(start, end);
  const ext = extensionOf(base);
  const dir = start > rootEnd ? path.slice(0, start - 1) : root;
  return { root, dir, base, ext, name: base.slice(0, base.length - ext.length) };
}

module.exports = {
  resolve,
  normalize,
  isAbsolute,
  join,
  relative,
  toNamespacedPath,
  dirname,
  basename,
  extname,
  format: formatParts.bind(null, '\\'),
  parse,
  sep: '\\',
  delimiter: ';',
  win32: null,
  get posix() {
    return require('path/posix');
  },
  _makeLong: toNamespacedPath,
};
module.exports.win32 = module.exports;
