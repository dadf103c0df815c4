'use strict';

// What is in files: operations in the form of internal/fs/operations.

const { Buffer } = require('buffer');
const { codes, AbortError } = require('internal/errors');
const args = require('internal/fs/arguments');
const { S_IFMT, S_IFREG } = require('internal/fs/constants');
const {
  kValidateObjectAllowNullable, validateBoolean, validateInteger, validateObject,
} = require('internal/validators');

const fs = binding('fs');
const { check, toDescriptor, toFlags, toMode, toOptions, toPath } = args;

/** The largest file that is read whole: Node's limit. */
const MAX_WHOLE_FILE = 2 ** 31 - 1;
const EFBIG = -27;

function throwIfAborted(signal) {
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
}

/** A path, or the descriptor of a file that is open already. */
function toFile(file) {
  return Number.isInteger(file) ? toDescriptor(file) : toPath(file);
}

/** Opens what `file` names, or takes the descriptor it is, for the time of `action`. */
function withFile(file, flags, mode, action) {
  if (typeof file === 'number') return action(file);
  const fd = check(fs.open(file, flags, mode), 'open', file);
  try {
    return action(fd);
  } finally {
    fs.close(fd);
  }
}

function readWhole(fd) {
  const status = check(fs.fstat(fd), 'fstat');
  const isRegular = (Number(status[1]) & S_IFMT) === S_IFREG;
  if (isRegular && status[8] > MAX_WHOLE_FILE) throw new codes.ERR_FS_FILE_TOO_LARGE(Number(status[8]));
  const content = fs.readToEnd(fd);
  if (content === EFBIG) throw new codes.ERR_FS_FILE_TOO_LARGE(MAX_WHOLE_FILE + 1);
  return Buffer.from(check(content, 'read'));
}

function decode(buffer, encoding) {
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

function readFile(file, options) {
  const { encoding, flag, signal } = toOptions(options, { flag: 'r' });
  file = toFile(file);
  const flags = toFlags(flag);
  return () => {
    throwIfAborted(signal);
    return decode(withFile(file, flags, 0o666, readWhole), encoding);
  };
}

/** One write. The two standard outputs are not files in a worker but the lines that the runtime shows. */
function writeOnce(fd, bytes, position) {
  if (fd !== 1 && fd !== 2) return check(fs.write(fd, bytes, position), 'write');
  (fd === 1 ? process.stdout : process.stderr).write(bytes);
  return bytes.length;
}

function writeAll(fd, bytes, signal) {
  for (let done = 0; done < bytes.length;) {
    throwIfAborted(signal);
    done += writeOnce(fd, done === 0 ? bytes : bytes.subarray(done), -1);
  }
}

function writeFileWith(defaultFlag) {
  return (file, data, options) => {
    const { encoding, mode, flag, flush = false, signal } = toOptions(options, {
      encoding: 'utf8', mode: 0o666, flag: defaultFlag,
    });
    validateBoolean(flush ?? false, 'options.flush');
    const bytes = args.toData(data, encoding);
    file = toFile(file);
    const flags = toFlags(flag);
    const permissions = toMode(mode, 0o666);
    return () => {
      throwIfAborted(signal);
      withFile(file, flags, permissions, (fd) => {
        writeAll(fd, bytes, signal);
        if (flush) check(fs.fsync(fd), 'fsync');
      });
    };
  };
}

/** The buffer, offset, length and position of fs.read, in any of its call forms. */
function readArguments(buffer, offset, length, position) {
  args.validateBuffer(buffer);
  if (offset !== null && typeof offset === 'object') {
    ({ offset = 0, length = buffer.byteLength - offset, position = null } = offset);
  }
  if (offset === undefined || offset === null) offset = 0;
  else validateInteger(offset, 'offset', 0);
  if (length === undefined || length === null) length = buffer.byteLength - offset;
  length |= 0;
  if (length === 0) return { buffer, offset, length, position: -1 };
  if (buffer.byteLength === 0) {
    throw new codes.ERR_INVALID_ARG_VALUE('buffer', buffer, 'is empty and cannot be written');
  }
  args.validateRange(offset, length, buffer.byteLength);
  return { buffer, offset, length, position: args.toPosition(position, length) };
}

/** fs.read: gives `{bytesRead, buffer}`. */
function read(fd, buffer, ...rest) {
  fd = toDescriptor(fd);
  let [offset, length, position] = rest;
  if (rest.length === 1 && offset !== undefined && ArrayBuffer.isView(buffer)) {
    validateObject(offset, 'options', kValidateObjectAllowNullable);
  }
  if (buffer == null || !ArrayBuffer.isView(buffer)) {
    // read(fd), read(fd, options)
    if (buffer == null || typeof buffer === 'object') {
      const options = buffer ?? {};
      buffer = options.buffer ?? Buffer.alloc(16384);
      ({ offset = 0, length, position = null } = options);
      length ??= buffer.byteLength - offset;
    }
  }
  const plan = readArguments(buffer, offset, length, position);
  return () => {
    if (plan.length === 0) return { bytesRead: 0, buffer: plan.buffer };
    const target = args.slice(plan.buffer, plan.offset, plan.length);
    return { bytesRead: check(fs.read(fd, target, plan.position), 'read'), buffer: plan.buffer };
  };
}

/** fs.write: gives `{bytesWritten, buffer}`. */
function write(fd, data, offset, length, position) {
  fd = toDescriptor(fd);
  let bytes;
  let at;
  if (ArrayBuffer.isView(data)) {
    if (position === undefined) position = null;
    if (offset !== null && typeof offset === 'object') {
      ({ offset = 0, length = data.byteLength - offset, position = null } = offset);
    }
    if (offset == null) offset = 0;
    else validateInteger(offset, 'offset', 0);
    if (typeof length !== 'number') length = data.byteLength - offset;
    if (offset > data.byteLength) throw new codes.ERR_OUT_OF_RANGE('offset', `<= ${data.byteLength}`, offset);
    args.validateRange(offset, length, data.byteLength);
    bytes = args.slice(data, offset, length);
    at = typeof position === 'number' || typeof position === 'bigint' ? Number(position) : -1;
  } else if (typeof data === 'string') {
    // write(fd, string, position, encoding)
    const encoding = typeof length === 'string' ? length : 'utf8';
    if (!Buffer.isEncoding(encoding)) {
      throw new codes.ERR_INVALID_ARG_VALUE('encoding', encoding, 'is invalid encoding');
    }
    bytes = Buffer.from(data, encoding);
    at = typeof offset === 'number' ? offset : -1;
  } else {
    throw new codes.ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
  }
  return () => ({ bytesWritten: writeOnce(fd, bytes, at), buffer: data });
}

/** Runs `move` for each buffer in turn until one is not moved whole. */
function moveEach(buffers, position, move) {
  let total = 0;
  let at = typeof position === 'number' ? position : -1;
  for (const buffer of buffers) {
    const count = move(args.toBytes(buffer), at);
    total += count;
    if (at >= 0) at += count;
    if (count < buffer.byteLength) break;
  }
  return total;
}

function readv(fd, buffers, position) {
  fd = toDescriptor(fd);
  args.validateBuffers(buffers);
  return () => ({
    bytesRead: moveEach(buffers, position, (bytes, at) => check(fs.read(fd, bytes, at), 'read')),
    buffers,
  });
}

function writev(fd, buffers, position) {
  fd = toDescriptor(fd);
  args.validateBuffers(buffers);
  return () => ({
    bytesWritten: moveEach(buffers, position, (bytes, at) => writeOnce(fd, bytes, at)),
    buffers,
  });
}

module.exports = {
  appendFile: writeFileWith('a'),
  read,
  readFile,
  readv,
  write,
  writeFile: writeFileWith('w'),
  writev,
};
