'use strict';

// url.resolve: a relative reference against a base, both as the older parser gives them.

/** `path` as segments without `.` and resolvable `..`, and how many `..` were left over. */
function collapse(segments) {
  const kept = [];
  let above = 0;
  for (let index = segments.length - 1; index >= 0; index--) {
    const segment = segments[index];
    if (segment === '.') continue;
    if (segment === '..') above++;
    else if (above > 0) above--;
    else kept.unshift(segment);
  }
  return { kept, above };
}

function setPath(result) {
  result.path = result.pathname || result.search ? (result.pathname || '') + (result.search || '') : null;
}

/** Splits what was taken for a host but has the user's name in front. */
function splitAuth(result) {
  const at = result.host?.indexOf('@') ?? -1;
  if (at <= 0) return;
  const [auth, host] = result.host.split('@');
  result.auth = auth;
  result.host = result.hostname = host;
}

function finish(result) {
  if (result.pathname !== null || result.search !== null) {
    result.path = (result.pathname || '') + (result.search || '');
  }
  result.href = result.format();
  return result;
}

/** The relative reference names another scheme. */
function takeOther(result, relative, slashed, hostless) {
  if (!slashed.has(relative.protocol)) {
    Object.assign(result, relative);
    result.href = result.format();
    return result;
  }
  result.protocol = relative.protocol;
  if (!relative.host && !/^file:?$/.test(relative.protocol) && !hostless.has(relative.protocol)) {
    const segments = (relative.pathname || '').split('/');
    while (segments.length > 0 && !(relative.host = segments.shift()));
    relative.host ||= '';
    relative.hostname ||= '';
    if (segments[0] !== '') segments.unshift('');
    if (segments.length < 2) segments.unshift('');
    result.pathname = segments.join('/');
  } else {
    result.pathname = relative.pathname;
  }
  result.search = relative.search;
  result.query = relative.query;
  result.host = relative.host || '';
  result.auth = relative.auth;
  result.hostname = relative.hostname || relative.host;
  result.port = relative.port;
  if (result.pathname || result.search) result.path = (result.pathname || '') + (result.search || '');
  result.slashes = result.slashes || relative.slashes;
  result.href = result.format();
  return result;
}

/** Without slashes after the scheme, the first segment of a path stands for the host. */
function hostIntoPath(part, segments) {
  part.hostname = '';
  if (part.host) {
    if (segments[0] === '') segments[0] = part.host;
    else segments.unshift(part.host);
  }
  part.host = '';
}

/** The segments of the merged path; undefined when only query and fragment change and the result is done. */
function mergePath(result, relative, state) {
  const { noLead, absolute } = state;
  let { base, other } = state;
  if (absolute) {
    if (relative.host || relative.host === '') {
      if (result.host !== relative.host) result.auth = null;
      result.host = relative.host;
      result.port = relative.port;
    }
    if (relative.hostname || relative.hostname === '') {
      if (result.hostname !== relative.hostname) result.auth = null;
      result.hostname = relative.hostname;
    }
    result.search = relative.search;
    result.query = relative.query;
    return other;
  }
  if (other.length > 0) {
    base = base.slice(0, -1).concat(other);
    result.search = relative.search;
    result.query = relative.query;
    return base;
  }
  if (relative.search !== null && relative.search !== undefined) {
    if (noLead) {
      result.hostname = result.host = base.shift();
      splitAuth(result);
    }
    result.search = relative.search;
    result.query = relative.query;
    finish(result);
    return undefined;
  }
  return base;
}

function resolveObject(result, relative, slashed, hostless) {
  result.hash = relative.hash;
  if (relative.href === '') {
    result.href = result.format();
    return result;
  }
  if (relative.slashes && !relative.protocol) {
    for (const key of Object.keys(relative)) if (key !== 'protocol') result[key] = relative[key];
    if (slashed.has(result.protocol) && result.hostname && !result.pathname) result.path = result.pathname = '/';
    result.href = result.format();
    return result;
  }
  if (relative.protocol && relative.protocol !== result.protocol) {
    return takeOther(result, relative, slashed, hostless);
  }

  const baseIsAbsolute = result.pathname?.[0] === '/';
  const absolute = relative.host || relative.pathname?.[0] === '/';
  const anchored = absolute || baseIsAbsolute || (result.host && relative.pathname);
  const removeAllDots = anchored;
  const base = result.pathname?.split('/') ?? [];
  const other = relative.pathname?.split('/') ?? [];
  const noLead = Boolean(result.protocol && !slashed.has(result.protocol));
  let mustAnchor = anchored;
  if (noLead) {
    hostIntoPath(result, base);
    if (relative.protocol) {
      relative.hostname = null;
      result.auth = null;
      if (relative.host) {
        if (other[0] === '') other[0] = relative.host;
        else other.unshift(relative.host);
      }
      relative.host = null;
    }
    mustAnchor = mustAnchor && (other[0] === '' || base[0] === '');
  }

  const path = mergePath(result, relative, { base, other, noLead, absolute });
  if (path === undefined) return result;
  if (path.length === 0) {
    result.pathname = null;
    setPath(result);
    result.href = result.format();
    return result;
  }
  return placePath(result, relative, path, { mustAnchor, removeAllDots, noLead });
}

function placePath(result, relative, path, { mustAnchor, removeAllDots, noLead }) {
  const last = path[path.length - 1];
  const dots = last === '.' || last === '..';
  const trailing = last === '' || (dots && (result.host || relative.host || path.length > 1));
  const { kept, above } = collapse(path);
  if (!mustAnchor && !removeAllDots) for (let count = above; count > 0; count--) kept.unshift('..');
  if (mustAnchor && kept[0] !== '' && kept[0]?.[0] !== '/') kept.unshift('');
  if (trailing && !kept.join('/').endsWith('/')) kept.push('');

  const absolute = kept[0] === '' || kept[0]?.[0] === '/';
  if (noLead) {
    result.hostname = result.host = absolute ? '' : kept.length > 0 ? kept.shift() : '';
    splitAuth(result);
  }
  mustAnchor = mustAnchor || (result.host && kept.length > 0);
  if (mustAnchor && !absolute) kept.unshift('');
  result.pathname = kept.length === 0 ? null : kept.join('/');
  if (kept.length === 0) result.path = null;
  if (result.pathname !== null || result.search !== null) {
    result.path = (result.pathname || '') + (result.search || '');
  }
  result.auth = relative.auth || result.auth;
  result.slashes = result.slashes || relative.slashes;
  result.href = result.format();
  return result;
}

module.exports = { resolveObject };
