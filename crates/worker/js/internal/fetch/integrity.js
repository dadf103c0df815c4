'use strict';

// Subresource integrity: whether bytes are what a list of digests says.

const ALGORITHMS = ['sha256', 'sha384', 'sha512'];
const ENTRY = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]*)={0,2}(?:\?[!-~]*)?$/i;

/** Whether one of the strongest digests of `list` is that of `bytes`, or none is known. */
function isIntact(bytes, list) {
  const known = list.split(/\s+/).map((entry) => ENTRY.exec(entry)).filter((match) => match !== null)
    .map(([, algorithm, digest]) => ({ algorithm: algorithm.toLowerCase(), digest }));
  if (known.length === 0) return true;
  const strongest = ALGORITHMS.findLast((algorithm) => known.some((entry) => entry.algorithm === algorithm));
  const actual = require('crypto').createHash(strongest).update(bytes).digest('base64').replace(/=+$/, '');
  return known.some(({ algorithm, digest }) => (
    algorithm === strongest && digest.replaceAll('-', '+').replaceAll('_', '/') === actual));
}

module.exports = { isIntact };
