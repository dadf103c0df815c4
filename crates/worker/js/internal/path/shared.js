'use strict';

// What both path flavours have in common.

const { validateObject } = require('internal/validators');

/** `path`'s segments without empty ones, `.` and resolvable `..`; `..` above the start stays if `keepAbove`. */
function normalizeSegments(segments, keepAbove) {
  const kept = [];
  let removable = 0;
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index];
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') {
      kept.push(segment);
      removable++;
    } else if (removable > 0) {
      kept.pop();
      removable--;
    } else if (keepAbove) {
      kept.push('..');
    }
  }
  return kept;
}

/** The part of `base` from its last dot, unless the dot starts it. */
function extensionOf(base) {
  const dot = base.lastIndexOf('.');
  return dot <= 0 || base === '..' ? '' : base.slice(dot);
}

/** `base` without `suffix`, unless nothing would be left. */
function withoutSuffix(base, suffix) {
  return base.length > suffix.length && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
}

function formatParts(separator, parts) {
  validateObject(parts, 'pathObject');
  const directory = parts.dir || parts.root;
  const { ext } = parts;
  const extension = ext ? `${ext[0] === '.' ? '' : '.'}${ext}` : '';
  const base = parts.base || `${parts.name || ''}${extension}`;
  if (!directory) return base;
  return directory === parts.root ? `${directory}${base}` : `${directory}${separator}${base}`;
}

module.exports = { extensionOf, formatParts, normalizeSegments, withoutSuffix };
