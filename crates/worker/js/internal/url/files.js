'use strict';

// Between file URLs and paths, and what http.request wants of a URL.

const { codes } = require('internal/errors');
const { validateString } = require('internal/validators');
const { URL } = require('internal/url');

function isUrlLike(value) {
  return Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined);
}

function windowsPath({ hostname, pathname }) {
  if (/%2f|%5c/i.test(pathname)) {
    throw new codes.ERR_INVALID_FILE_URL_PATH('must not include encoded \\ or / characters');
  }
  const path = decodeURIComponent(pathname.replaceAll('/', '\\'));
  if (hostname !== '') return `\\\\${binding('url').domainToUnicode(hostname)}${path}`;
  if (!/^\\[a-z]:/i.test(path)) throw new codes.ERR_INVALID_FILE_URL_PATH('must be absolute');
  return path.slice(1);
}

function fileURLToPath(path, options = undefined) {
  if (typeof path === 'string') path = new URL(path);
  else if (!isUrlLike(path)) throw new codes.ERR_INVALID_ARG_TYPE('path', ['string', 'URL'], path);
  if (path.protocol !== 'file:') throw new codes.ERR_INVALID_URL_SCHEME('file');
  if (options?.windows) return windowsPath(path);
  if (path.hostname !== '') throw new codes.ERR_INVALID_FILE_URL_HOST(require('process').platform);
  if (/%2f/i.test(path.pathname)) throw new codes.ERR_INVALID_FILE_URL_PATH('must not include encoded / characters');
  return decodeURIComponent(path.pathname);
}

// What the URL parser would otherwise read as something else, or drop.
const PATH_ESCAPES = /[%\\\n\r\t?#"<>|{}^`]/g;

function escapeForUrl(path) {
  return path.replace(PATH_ESCAPES, (character) => (
    `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`));
}

function windowsFileURL(path) {
  const { resolve, sep } = require('path/win32');
  const resolved = resolve(path);
  const trailing = /[\\/]$/.test(path) && !resolved.endsWith(sep) ? '/' : '';
  const slashed = (text) => escapeForUrl(text.replaceAll('\\', '/'));
  if (path.startsWith('\\\\')) {
    const end = path.indexOf('\\', 2);
    if (end === -1) throw new codes.ERR_INVALID_ARG_VALUE('path', path, 'Missing UNC resource path');
    if (end === 2) throw new codes.ERR_INVALID_ARG_VALUE('path', path, 'Empty UNC servername');
    const url = new URL('file://');
    url.hostname = binding('url').domainToAscii(path.slice(2, end));
    url.pathname = slashed(path.slice(end));
    return url;
  }
  return new URL(`file:///${slashed(resolved)}${trailing}`);
}

function pathToFileURL(path, options = undefined) {
  validateString(path, 'path');
  if (options?.windows) return windowsFileURL(path);
  const resolved = require('path/posix').resolve(path);
  const trailing = path.endsWith('/') && !resolved.endsWith('/') ? '/' : '';
  return new URL(`file://${escapeForUrl(resolved.toWellFormed())}${trailing}`);
}

function urlToHttpOptions(url) {
  const { hostname, pathname, port, username, password, search } = url;
  const options = {
    __proto__: null,
    ...url, // What a program added to the object.
    protocol: url.protocol,
    hostname: hostname?.startsWith('[') ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ''}${search || ''}`,
    href: url.href,
  };
  if (port !== '') options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

module.exports = { fileURLToPath, isUrlLike, pathToFileURL, urlToHttpOptions };
