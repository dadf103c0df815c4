'use strict';

const { validateString } = require('internal/validators');
const { extensionOf, formatParts, normalizeSegments, withoutSuffix } = require('internal/path/shared');

function resolve(...paths) {
  let joined = '';
  let absolute = false;
  for (let index = paths.length - 1; index >= -1 && !absolute; index--) {
    const path = index >= 0 ? paths[index] : require('process').cwd();
    validateString(path, `paths[${index}]`);
    if (path.length === 0) continue;
    joined = `${path}/${joined}`;
    absolute = path[0] === '/';
  }
  const normalized = normalizeSegments(joined.split('/'), !absolute).join('/');
  if (absolute) return `/${normalized}`;
  return normalized === '' ? '.' : normalized;
}

function normalize(path) {
  validateString(path, 'path');
  if (path === '') return '.';
  const absolute = path[0] === '/';
  let normalized = normalizeSegments(path.split('/'), !absolute).join('/');
  const trailing = path.endsWith('/');
  if (normalized === '') {
    if (absolute) return '/';
    return trailing ? './' : '.';
  }
  if (trailing) normalized += '/';
  return absolute ? `/${normalized}` : normalized;
}

function isAbsolute(path) {
  validateString(path, 'path');
  return path.length > 0 && path[0] === '/';
}

function join(...paths) {
  if (paths.length === 0) return '.';
  let joined = '';
  for (let index = 0; index < paths.length; index++) {
    const path = paths[index];
    validateString(path, 'path');
    if (path !== '') joined += joined === '' ? path : `/${path}`;
  }
  return joined === '' ? '.' : normalize(joined);
}

function relative(from, to) {
  validateString(from, 'from');
  validateString(to, 'to');
  if (from === to) return '';
  from = resolve(from);
  to = resolve(to);
  if (from === to) return '';
  const fromSegments = normalizeSegments(from.split('/'), false);
  const toSegments = normalizeSegments(to.split('/'), false);
  let common = 0;
  while (common < fromSegments.length && fromSegments[common] === toSegments[common]) common++;
  return [...fromSegments.slice(common).fill('..'), ...toSegments.slice(common)].join('/');
}

/** A no-op but on Windows. */
function toNamespacedPath(path) {
  return path;
}

/** Where `path`'s last segment starts and ends, trailing slashes left out. */
function lastSegment(path) {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return { start: path.lastIndexOf('/', end - 1) + 1, end };
}

function dirname(path) {
  validateString(path, 'path');
  if (path.length === 0) return '.';
  const { start, end } = lastSegment(path);
  const absolute = path[0] === '/';
  if (start === 0 || end === 0) return absolute ? '/' : '.';
  if (start === 1) return '/';
  return absolute && start === 2 ? '//' : path.slice(0, start - 1);
}

function basename(path, suffix) {
  if (suffix !== undefined) validateString(suffix, 'suffix');
  validateString(path, 'path');
  if (suffix !== undefined && suffix.length > 0 && suffix === path) return '';
  const { start, end } = lastSegment(path);
  const base = path.slice(start, end);
  return suffix === undefined || suffix === '' ? base : withoutSuffix(base, suffix);
}

function extname(path) {
  validateString(path, 'path');
  const { start, end } = lastSegment(path);
  return extensionOf(path.slice(start, end));
}

function parse(path) {
  validateString(path, 'path');
  const root = path[0] === '/' ? '/' : '';
  const { start, end } = lastSegment(path);
  const base = path.slice(start, end);
  const ext = extensionOf(base);
  const dir = start > root.length ? path.slice(0, start - 1) : root;
  return { root, dir: base === '' ? root : dir, base, ext, name: base.slice(0, base.length - ext.length) };
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
  format: formatParts.bind(null, '/'),
  parse,
  sep: '/',
  delimiter: ':',
  get win32() {
    return require('path/win32');
  },
  posix: null,
  _makeLong: toNamespacedPath,
};
module.exports.posix = module.exports;
