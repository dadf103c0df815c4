'use strict';

// Whole trees: fs.rm and fs.cp.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { check, toBits } = require('internal/fs/arguments');
const { makeStats } = require('internal/fs/stats');
const { validateBoolean, validateFunction, validateObject } = require('internal/validators');

const fs = binding('fs');
const { dirname, isAbsolute, join, parse, resolve } = require('path');

const ENOENT = -2;
const RETRIED = new Set([-16, -24, -23, -39, -1]); // EBUSY, EMFILE, ENFILE, ENOTEMPTY, EPERM

function asText(path) {
  return typeof path === 'string' ? path : Buffer.from(path).toString();
}

/** The names in a directory, as text. */
function names(path) {
  const flat = check(fs.readdir(path), 'scandir', path);
  const result = [];
  for (let index = 0; index < flat.length; index += 2) result.push(flat[index]);
  return result.map((name) => (typeof name === 'string' ? name : Buffer.from(name)));
}

function child(path, name) {
  if (typeof name === 'string') return join(path, name);
  return Buffer.concat([Buffer.from(path), Buffer.from('/'), name]);
}

/** Calls until it works or `maxRetries` is used up; a worker has nobody to wait for, so it does not wait. */
function retry(call, { maxRetries }) {
  let result = call();
  for (let attempt = 0; attempt < maxRetries && RETRIED.has(result); attempt++) result = call();
  return result;
}

function removeTree(path, options) {
  const status = fs.lstat(path);
  if (status === ENOENT) return;
  if (makeStats(check(status, 'lstat', path), false).isDirectory()) {
    for (const name of names(path)) removeTree(child(path, name), options);
    const result = retry(() => fs.rmdir(path), options);
    if (result !== ENOENT) check(result, 'rmdir', path);
  } else {
    const result = retry(() => fs.unlink(path), options);
    if (result !== ENOENT) check(result, 'unlink', path);
  }
}

/** fs.rm */
function remove(path, options) {
  const status = fs.lstat(path);
  if (status === ENOENT && options.force) return;
  const isDirectory = makeStats(check(status, 'lstat', path), false).isDirectory();
  if (isDirectory && !options.recursive) {
    throw new codes.ERR_FS_EISDIR({
      code: 'EISDIR', message: 'is a directory', path, syscall: 'rm', errno: 21,
    });
  }
  removeTree(path, options);
}

const COPY_DEFAULTS = {
  dereference: false,
  errorOnExist: false,
  filter: undefined,
  force: true,
  preserveTimestamps: false,
  recursive: false,
  verbatimSymlinks: false,
};

function validateCopyOptions(options) {
  if (options === undefined) return { ...COPY_DEFAULTS, mode: 0 };
  validateObject(options, 'options');
  const merged = { ...COPY_DEFAULTS, ...options };
  for (const key of [
    'dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks',
  ]) validateBoolean(merged[key], `options.${key}`);
  merged.mode = toBits(merged.mode);
  if (merged.dereference && merged.verbatimSymlinks) {
    throw new codes.ERR_INCOMPATIBLE_OPTION_PAIR('dereference', 'verbatimSymlinks');
  }
  if (merged.filter !== undefined) validateFunction(merged.filter, 'options.filter');
  return merged;
}

function refuse(code, Error, message, path, errno) {
  throw new Error({ message, path, syscall: 'cp', errno, code });
}

function statusOf(path, dereference) {
  const call = dereference ? 'stat' : 'lstat';
  const status = fs[call](path);
  if (status === ENOENT) return undefined;
  return makeStats(check(status, call, path), true);
}

function areSame(a, b) {
  return b.ino !== undefined && b.dev !== undefined && b.ino === a.ino && b.dev === a.dev;
}

function isInside(source, destination) {
  const from = resolve(source).split('/').filter(Boolean);
  const to = resolve(destination).split('/').filter(Boolean);
  return from.every((part, index) => to[index] === part);
}

/** What is at both ends; refuses copies of a thing onto or into itself. */
function checkPair(source, destination, options) {
  const call = options.dereference ? 'stat' : 'lstat';
  const from = makeStats(check(fs[call](source), call, source), true);
  const to = statusOf(destination, options.dereference);
  if (to) {
    if (areSame(from, to)) {
      refuse('EINVAL', codes.ERR_FS_CP_EINVAL, 'src and dest cannot be the same', destination, 22);
    }
    if (from.isDirectory() && !to.isDirectory()) {
      refuse('EISDIR', codes.ERR_FS_CP_DIR_TO_NON_DIR,
        `cannot overwrite non-directory ${destination} with directory ${source}`, destination, 21);
    }
    if (!from.isDirectory() && to.isDirectory()) {
      refuse('ENOTDIR', codes.ERR_FS_CP_NON_DIR_TO_DIR,
        `cannot overwrite directory ${destination} with non-directory ${source}`, destination, 20);
    }
  }
  if (from.isDirectory() && isInside(source, destination)) {
    refuse('EINVAL', codes.ERR_FS_CP_EINVAL,
      `cannot copy ${source} to a subdirectory of self ${destination}`, destination, 22);
  }
  return { from, to };
}

/** Refuses a destination below the source that is reached through a link. */
function checkParents(source, from, destination) {
  const sourceParent = resolve(dirname(source));
  for (let parent = resolve(dirname(destination)); ; parent = dirname(parent)) {
    if (parent === sourceParent || parent === parse(parent).root) return;
    const status = fs.stat(parent);
    if (status === ENOENT) return;
    if (areSame(from, makeStats(check(status, 'stat', parent), true))) {
      refuse('EINVAL', codes.ERR_FS_CP_EINVAL,
        `cannot copy ${source} to a subdirectory of self ${destination}`, destination, 22);
    }
  }
}

/** Whether the program's filter wants this entry; in the asynchronous form it may answer with a promise. */
function isWanted(source, destination, { filter }) {
  return !filter || filter(source, destination);
}

/** The steps of fs.cp as a generator, which yields the filter's answers, so that both forms can run it. */
function* copySteps(source, destination, options) {
  const { from, to } = checkPair(source, destination, options);
  if (!(yield isWanted(source, destination, options))) return;
  const parent = dirname(destination);
  if (fs.stat(parent) === ENOENT) makeParents(parent);
  checkParents(source, from, destination);
  yield* copyEntry(from, to, source, destination, options);
}

function makeParents(path) {
  if (fs.stat(path) !== ENOENT) return;
  makeParents(dirname(path));
  check(fs.mkdir(path, 0o777), 'mkdir', path);
}

function* copyEntry(from, to, source, destination, options) {
  if (from.isDirectory()) {
    if (!options.recursive) {
      refuse('EISDIR', codes.ERR_FS_EISDIR, `${source} is a directory (not copied)`, source, 22);
    }
    yield* copyDirectory(from, to, source, destination, options);
  } else if (from.isFile() || from.isCharacterDevice() || from.isBlockDevice()) {
    copyRegular(from, to, source, destination, options);
  } else if (from.isSymbolicLink()) {
    copyLink(to, source, destination, options);
  } else if (from.isSocket()) {
    refuse('EINVAL', codes.ERR_FS_CP_SOCKET, `cannot copy a socket file: ${destination}`, destination, 22);
  } else if (from.isFIFO()) {
    refuse('EINVAL', codes.ERR_FS_CP_FIFO_PIPE, `cannot copy a FIFO pipe: ${destination}`, destination, 22);
  } else {
    refuse('EINVAL', codes.ERR_FS_CP_UNKNOWN, `cannot copy an unknown file type: ${destination}`, destination, 22);
  }
}

function* copyDirectory(from, to, source, destination, options) {
  if (!to) check(fs.mkdir(destination, 0o777), 'mkdir', destination);
  for (const name of names(source)) {
    const [sourceItem, destinationItem] = [child(source, name), child(destination, name)];
    if (!(yield isWanted(sourceItem, destinationItem, options))) continue;
    const pair = checkPair(sourceItem, destinationItem, options);
    yield* copyEntry(pair.from, pair.to, sourceItem, destinationItem, options);
  }
  if (!to) check(fs.chmod(destination, Number(from.mode) & 0o7777), 'chmod', destination);
}

function copyRegular(from, to, source, destination, options) {
  if (to) {
    if (options.force) {
      check(fs.unlink(destination), 'unlink', destination);
    } else if (options.errorOnExist) {
      refuse('EEXIST', codes.ERR_FS_CP_EEXIST, `${destination} already exists`, destination, 17);
    } else {
      return;
    }
  }
  check(fs.copyFile(source, destination, options.mode), 'copyfile', source, destination);
  if (options.preserveTimestamps) {
    const [atime, mtime] = [Number(from.atimeNs) / 1e9, Number(from.mtimeNs) / 1e9];
    check(fs.utimes(destination, atime, mtime), 'utime', destination);
  }
}

function copyLink(to, source, destination, options) {
  let target = asText(check(fs.readlink(source), 'readlink', source));
  if (!options.verbatimSymlinks && !isAbsolute(target)) target = resolve(dirname(source), target);
  if (!to) {
    check(fs.symlink(target, destination), 'symlink', target, destination);
    return;
  }
  if (to.isSymbolicLink()) {
    let existing = asText(check(fs.readlink(destination), 'readlink', destination));
    if (!isAbsolute(existing)) existing = resolve(dirname(destination), existing);
    if (isInside(target, existing) && target !== existing) {
      refuse('EINVAL', codes.ERR_FS_CP_EINVAL, `cannot copy ${target} to a subdirectory of self ${existing}`,
        destination, 22);
    }
    const status = statusOf(source, true);
    if (status?.isDirectory() && isInside(existing, target) && target !== existing) {
      refuse('EINVAL', codes.ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY, `cannot overwrite ${existing} with ${target}`,
        destination, 22);
    }
  }
  check(fs.unlink(destination), 'unlink', destination);
  check(fs.symlink(target, destination), 'symlink', target, destination);
}

function textPaths(source, destination) {
  return [asText(source), asText(destination)];
}

/** fs.cpSync, and the part of fs.cp that has no filter to wait for. */
function copy(source, destination, options) {
  const steps = copySteps(...textPaths(source, destination), options);
  for (let step = steps.next(); !step.done; step = steps.next(step.value));
}

/** fs.cp with a filter that may give promises. */
async function copyAsync(source, destination, options) {
  const steps = copySteps(...textPaths(source, destination), options);
  for (let step = steps.next(); !step.done; step = steps.next(await step.value));
}

module.exports = { copy, copyAsync, remove, validateCopyOptions };
