'use strict';

// What is known about a file, and about a file system.

const { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } = require('internal/fs/constants');

function StatsBase(dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks) {
  this.dev = dev;
  this.mode = mode;
  this.nlink = nlink;
  this.uid = uid;
  this.gid = gid;
  this.rdev = rdev;
  this.blksize = blksize;
  this.ino = ino;
  this.size = size;
  this.blocks = blocks;
}

function hasKind(stats, kind) {
  return (Number(stats.mode) & S_IFMT) === kind;
}

for (const [method, kind] of Object.entries({
  isDirectory: S_IFDIR,
  isFile: S_IFREG,
  isBlockDevice: S_IFBLK,
  isCharacterDevice: S_IFCHR,
  isSymbolicLink: S_IFLNK,
  isFIFO: S_IFIFO,
  isSocket: S_IFSOCK,
})) {
  StatsBase.prototype[method] = { [method]() { return hasKind(this, kind); } }[method];
}

function setDates(stats) {
  stats.atime = new Date(Math.round(Number(stats.atimeMs)));
  stats.mtime = new Date(Math.round(Number(stats.mtimeMs)));
  stats.ctime = new Date(Math.round(Number(stats.ctimeMs)));
  stats.birthtime = new Date(Math.round(Number(stats.birthtimeMs)));
}

function Stats(...fields) {
  StatsBase.apply(this, fields);
  [, , , , , , , , , , this.atimeMs, this.mtimeMs, this.ctimeMs, this.birthtimeMs] = fields;
  setDates(this);
}
Object.setPrototypeOf(Stats.prototype, StatsBase.prototype);
Object.setPrototypeOf(Stats, StatsBase);

function BigIntStats(...fields) {
  StatsBase.apply(this, fields);
  [, , , , , , , , , , this.atimeNs, this.mtimeNs, this.ctimeNs, this.birthtimeNs] = fields;
  const nanoseconds = [this.atimeNs, this.mtimeNs, this.ctimeNs, this.birthtimeNs];
  for (const key of ['atimeNs', 'mtimeNs', 'ctimeNs', 'birthtimeNs']) delete this[key];
  [this.atimeMs, this.mtimeMs, this.ctimeMs, this.birthtimeMs] = nanoseconds.map((time) => time / 1000000n);
  [this.atimeNs, this.mtimeNs, this.ctimeNs, this.birthtimeNs] = nanoseconds;
  setDates(this);
}
Object.setPrototypeOf(BigIntStats.prototype, StatsBase.prototype);
Object.setPrototypeOf(BigIntStats, StatsBase);

/** Makes the object of the `BigInt64Array` that the binding gives. */
function makeStats(fields, isBigint) {
  const plain = [...fields.subarray(0, 10)];
  if (isBigint) {
    const times = [10, 12, 14, 16].map((index) => fields[index] * 1000000000n + fields[index + 1]);
    return new BigIntStats(...plain, ...times);
  }
  const times = [10, 12, 14, 16].map((index) => Number(fields[index]) * 1000 + Number(fields[index + 1]) / 1000000);
  return new Stats(...plain.map(Number), ...times);
}

function StatFs(type, bsize, blocks, bfree, bavail, files, ffree) {
  Object.assign(this, { type, bsize, blocks, bfree, bavail, files, ffree });
}

function makeStatFs(fields, isBigint) {
  return isBigint ? new StatFs(...fields) : new StatFs(...[...fields].map(Number));
}

module.exports = { Stats, makeStatFs, makeStats };
