'use strict';

// Every file operation once: it checks its arguments at once and gives a function that does the work. The three
// interfaces of `fs` are made of these.

const { Buffer } = require('buffer');
const args = require('internal/fs/arguments');
const { makeStatFs, makeStats } = require('internal/fs/stats');
const { validateInteger, validateObject, validateBoolean } = require('internal/validators');
const { codes } = require('internal/errors');

const fs = binding('fs');
const ENOENT = -2;
const EEXIST = -17;
const ENOTDIR = -20;
const EINVAL = -22;
const { check, toDescriptor, toMode, toOptions, toPath } = args;

function stat(call) {
  return (path, options = { bigint: false }) => {
    path = toPath(path);
    const { bigint = false, throwIfNoEntry = true } = options ?? {};
    return () => {
      const fields = fs[call](path);
      if (throwIfNoEntry === false && fields === ENOENT) return undefined;
      return makeStats(check(fields, call, path), bigint);
    };
  };
}

function byPath(call, syscall = call) {
  return (path) => {
    path = toPath(path);
    return () => void check(fs[call](path), syscall, path);
  };
}

function byDescriptor(call) {
  return (fd) => {
    fd = toDescriptor(fd);
    return () => void check(fs[call](fd), call);
  };
}

function twoPaths(call, first, second) {
  return (from, to) => {
    from = toPath(from, first);
    to = toPath(to, second);
    return () => void check(fs[call](from, to), call, from, to);
  };
}

function owner(call, subject) {
  return (target, uid, gid) => {
    target = subject(target);
    validateInteger(uid, 'uid', -1, 2 ** 32 - 1);
    validateInteger(gid, 'gid', -1, 2 ** 32 - 1);
    return () => void check(fs[call](target, uid, gid), call, subject === toPath ? target : undefined);
  };
}

function times(call, syscall, subject) {
  return (target, atime, mtime) => {
    target = subject(target);
    atime = args.toUnixTimestamp(atime);
    mtime = args.toUnixTimestamp(mtime);
    return () => void check(fs[call](target, atime, mtime), syscall, subject === toPath ? target : undefined);
  };
}

function realpath(path, options) {
  const { encoding } = toOptions(options);
  path = toPath(path);
  return () => {
    const absolute = require('path').resolve(typeof path === 'string' ? path : `${Buffer.from(path)}`);
    const real = fs.realpath(absolute);
    if (Array.isArray(real)) {
      const [errno, syscall, failed] = real;
      check(errno, syscall, args.toName(failed));
    }
    return args.toName(real, encoding);
  };
}

function realpathNative(path, options) {
  const { encoding } = toOptions(options);
  path = toPath(path);
  return () => {
    const absolute = require('path').resolve(typeof path === 'string' ? path : `${Buffer.from(path)}`);
    const real = fs.realpath(absolute);
    if (Array.isArray(real)) check(real[0], 'realpath', path);
    return args.toName(real, encoding);
  };
}

/** Climbs, by the text of the path as Node does, until a directory exists or can be made; `made` is that one. */
function climb(path, mode) {
  const missing = [];
  let current = path;
  for (;;) {
    const result = fs.mkdir(current, mode);
    if (result === undefined) return { missing, made: current };
    if (result === EEXIST) {
      const status = fs.stat(current);
      if (typeof status !== 'number' && makeStats(status, false).isDirectory()) return { missing };
      check(missing.length > 0 ? ENOTDIR : EEXIST, 'mkdir', path);
    }
    const slash = current.lastIndexOf('/');
    if (result !== ENOENT || slash <= 0) check(result, 'mkdir', path);
    missing.push(current);
    current = current.slice(0, slash);
  }
}

/** Makes what is missing of `path` and gives the first directory that was made. */
function mkdirRecursive(path, mode) {
  path = typeof path === 'string' ? path : Buffer.from(path).toString();
  const { missing, made } = climb(path, mode);
  let first = made;
  for (const directory of missing.reverse()) {
    const result = fs.mkdir(directory, mode);
    if (result !== EEXIST) {
      check(result, 'mkdir', path);
      first ??= directory;
    }
  }
  return first;
}

function mkdir(path, options) {
  let mode = 0o777;
  let recursive = false;
  if (typeof options === 'number' || typeof options === 'string') {
    mode = toMode(options, 0o777);
  } else if (options) {
    if (options.recursive !== undefined) {
      validateBoolean(options.recursive, 'options.recursive');
      recursive = options.recursive;
    }
    if (options.mode !== undefined) mode = toMode(options.mode, 0o777, 'options.mode');
  }
  path = toPath(path);
  if (recursive) return () => mkdirRecursive(path, mode);
  return () => void check(fs.mkdir(path, mode), 'mkdir', path);
}

function mkdtemp(prefix, options) {
  const { encoding } = toOptions(options);
  prefix = toPath(prefix, 'prefix');
  const shown = typeof prefix === 'string' ? `${prefix}XXXXXX` : Buffer.concat([prefix, Buffer.from('XXXXXX')]);
  return () => args.toName(check(fs.mkdtemp(prefix), 'mkdtemp', shown), encoding);
}

function readdir(path, options) {
  const chosen = toOptions(options);
  path = toPath(path);
  if (chosen.recursive != null) validateBoolean(chosen.recursive, 'options.recursive');
  return () => require('internal/fs/dirent').readdir(path, chosen);
}

function readlink(path, options) {
  const { encoding } = toOptions(options);
  path = toPath(path);
  return () => args.toName(check(fs.readlink(path), 'readlink', path), encoding);
}

function symlink(target, path, type) {
  if (typeof type === 'string' && !['dir', 'file', 'junction'].includes(type)) {
    throw new codes.ERR_FS_INVALID_SYMLINK_TYPE(type);
  }
  target = toPath(target, 'target');
  path = toPath(path);
  return () => void check(fs.symlink(target, path), 'symlink', target, path);
}

function open(path, flags = 'r', mode = 0o666) {
  path = toPath(path);
  flags = args.toFlags(flags);
  mode = toMode(mode, 0o666);
  return () => check(fs.open(path, flags, mode), 'open', path);
}

function ftruncate(fd, length = 0) {
  fd = toDescriptor(fd);
  validateInteger(length, 'len');
  return () => void check(length < 0 ? EINVAL : fs.ftruncate(fd, length), 'ftruncate');
}

function truncate(path, length = 0) {
  path = toPath(path);
  validateInteger(length, 'len');
  return () => {
    const fd = check(fs.open(path, args.toFlags('r+'), 0o666), 'open', path);
    try {
      check(fs.ftruncate(fd, Math.max(0, length)), 'ftruncate');
    } finally {
      fs.close(fd);
    }
  };
}

function rmdir(path, options) {
  path = toPath(path);
  const { recursive, ...rest } = args.validateRemoveOptions(options, {
    retryDelay: 100, maxRetries: 0, recursive: false,
  });
  if (!recursive) return () => void check(fs.rmdir(path), 'rmdir', path);
  return () => {
    const status = fs.lstat(path);
    if (typeof status === 'number' || !makeStats(status, false).isDirectory()) check(fs.rmdir(path), 'rmdir', path);
    require('internal/fs/tree').remove(path, { ...rest, recursive: true, force: false });
  };
}

function rm(path, options) {
  path = toPath(path);
  const chosen = args.validateRemoveOptions(options, {
    recursive: false, force: false, retryDelay: 100, maxRetries: 0,
  });
  return () => require('internal/fs/tree').remove(path, chosen);
}

function copyFile(source, destination, mode) {
  source = toPath(source, 'src');
  destination = toPath(destination, 'dest');
  mode = args.toBits(mode);
  return () => void check(fs.copyFile(source, destination, mode), 'copyfile', source, destination);
}

module.exports = {
  access(path, mode) {
    path = toPath(path);
    mode = args.toBits(mode);
    return () => void check(fs.access(path, mode), 'access', path);
  },
  chmod(path, mode) {
    path = toPath(path);
    mode = toMode(mode);
    return () => void check(fs.chmod(path, mode), 'chmod', path);
  },
  chown: owner('chown', toPath),
  close: byDescriptor('close'),
  copyFile,
  cp(source, destination, options) {
    const chosen = require('internal/fs/tree').validateCopyOptions(options);
    source = toPath(source, 'src');
    destination = toPath(destination, 'dest');
    return () => require('internal/fs/tree').copy(source, destination, chosen);
  },
  fchmod(fd, mode) {
    fd = toDescriptor(fd);
    mode = toMode(mode);
    return () => void check(fs.fchmod(fd, mode), 'fchmod');
  },
  fchown: owner('fchown', toDescriptor),
  fdatasync: byDescriptor('fdatasync'),
  fstat(fd, options = { bigint: false }) {
    fd = toDescriptor(fd);
    return () => makeStats(check(fs.fstat(fd), 'fstat'), options?.bigint);
  },
  fsync: byDescriptor('fsync'),
  ftruncate,
  futimes: times('futimes', 'futime', toDescriptor),
  lchown: owner('lchown', toPath),
  link: twoPaths('link', 'existingPath', 'newPath'),
  lstat: stat('lstat'),
  lutimes: times('lutimes', 'lutime', toPath),
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  realpath,
  realpathNative,
  rename: twoPaths('rename', 'oldPath', 'newPath'),
  rm,
  rmdir,
  stat: stat('stat'),
  statfs(path, options = { bigint: false }) {
    validateObject(options ?? {}, 'options');
    path = toPath(path);
    return () => makeStatFs(check(fs.statfs(path), 'statfs', path), options?.bigint);
  },
  symlink,
  truncate,
  unlink: byPath('unlink'),
  utimes: times('utimes', 'utime', toPath),
};
