'use strict';

// Files as streams.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const args = require('internal/fs/arguments');
const { errorOrDestroy } = require('internal/streams/destroy');
const { eos } = require('internal/streams/end_of_stream');
const { Readable, Writable } = require('stream');
const { validateBoolean, validateFunction, validateInteger } = require('internal/validators');

const kFs = Symbol('kFs');
const kHandle = Symbol('kHandle');
const kIsPerformingIO = Symbol('kIsPerformingIO');
const kIoDone = Symbol('kIoDone');

const HIGH_WATER_MARK = 64 * 1024;

/** The functions of `options.fs`, or ours. */
function chooseFunctions(stream, options, names) {
  const functions = options.fs ?? require('fs');
  if (options.fs) {
    for (const name of names) {
      if (functions[name] !== undefined || name !== 'writev') validateFunction(functions[name], `options.fs.${name}`);
    }
  }
  Object.defineProperty(stream, kFs, { value: functions, writable: true, configurable: true });
}

/** Takes a descriptor, or a FileHandle with the functions that work on it. */
function importDescriptor(stream, { fd }) {
  if (typeof fd === 'number') return args.toDescriptor(fd);
  const { FileHandle } = require('internal/fs/file_handle');
  if (!(fd instanceof FileHandle)) throw new codes.ERR_INVALID_ARG_TYPE('options.fd', ['number', 'FileHandle'], fd);
  const settle = (promise, callback, spread) => {
    promise.then((result) => callback(null, ...spread(result)), callback);
  };
  const nothing = () => [];
  stream[kHandle] = fd;
  stream[kFs] = {
    open() {},
    read: (_, buffer, offset, length, position, callback) => settle(
      fd.read(buffer, offset, length, position), callback, (result) => [result.bytesRead, result.buffer]),
    write: (_, buffer, offset, length, position, callback) => settle(
      fd.write(buffer, offset, length, position), callback, (result) => [result.bytesWritten, result.buffer]),
    writev: (_, buffers, position, callback) => settle(
      fd.writev(buffers, position), callback, (result) => [result.bytesWritten, result.buffers]),
    fsync: (_, callback) => settle(fd.sync(), callback, nothing),
    close: (_, callback) => settle(fd.close(), callback, nothing),
  };
  fd.on('close', () => stream.close());
  return fd.fd;
}

function importPath(stream, path, options, flags) {
  stream.fd = options.fd === undefined || options.fd === null ? null : importDescriptor(stream, options);
  // A stream over a descriptor needs no path.
  if (stream.fd === null) stream.path = args.toPath(path);
  stream.flags = options.flags === undefined ? flags : options.flags;
  stream.mode = options.mode === undefined ? 0o666 : options.mode;
}

function openFile(callback) {
  this[kFs].open(this.path, this.flags, this.mode, (error, fd) => {
    if (error) {
      callback(error);
      return;
    }
    this.fd = fd;
    callback();
    this.emit('open', this.fd);
    this.emit('ready');
  });
}

/** The old way to open, which programs replace: it tells by events. */
function open() {}

function construct(callback) {
  if (typeof this.fd === 'number') {
    callback();
    return;
  }
  if (this.open === open) {
    openFile.call(this, callback);
    return;
  }
  const { emit } = this;
  this.emit = function(event, ...rest) {
    if (event === 'open') {
      this.emit = emit;
      callback();
      return Reflect.apply(emit, this, [event, ...rest]);
    }
    if (event === 'error') {
      this.emit = emit;
      callback(rest[0]);
      return false;
    }
    return Reflect.apply(emit, this, [event, ...rest]);
  };
  this.open();
}

function closeFile(stream, error, callback) {
  if (!stream.fd && stream.fd !== 0) {
    callback(error);
    return;
  }
  const { fd } = stream;
  const close = (flushError) => {
    stream[kFs].close(fd, (closeError) => callback(error || flushError || closeError));
    stream.fd = null;
  };
  if (stream.flush && stream instanceof WriteStream) stream[kFs].fsync(fd, close);
  else close();
}

function destroy(error, callback) {
  // A read or write that is under way has to end before the file may be closed.
  if (this[kIsPerformingIO]) this.once(kIoDone, (ioError) => closeFile(this, error || ioError, callback));
  else closeFile(this, error, callback);
}

function prepare(options) {
  options = { ...args.toOptions(options, {}) };
  options.highWaterMark ??= HIGH_WATER_MARK;
  // The file is closed with the stream unless the program says otherwise.
  options.autoDestroy = options.autoClose ?? true;
  return options;
}

function ReadStream(path, options) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, options);
  options = prepare(options);
  chooseFunctions(this, options, ['open', 'read', 'close']);
  importPath(this, path, options, 'r');
  this.start = options.start;
  this.end = options.end ?? Infinity;
  this.pos = undefined;
  this.bytesRead = 0;
  this[kIsPerformingIO] = false;
  if (this.start !== undefined) {
    validateInteger(this.start, 'start', 0);
    this.pos = this.start;
  }
  if (this.end !== Infinity) {
    validateInteger(this.end, 'end', 0);
    if (this.start !== undefined && this.start > this.end) {
      throw new codes.ERR_OUT_OF_RANGE('start', `<= "end" (here: ${this.end})`, this.start);
    }
  }
  Readable.call(this, options);
}
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype);
Object.setPrototypeOf(ReadStream, Readable);

ReadStream.prototype.open = open;
ReadStream.prototype._construct = construct;
ReadStream.prototype._destroy = destroy;

ReadStream.prototype._read = function(size) {
  const done = this.pos !== undefined ? this.pos : this.bytesRead;
  size = Math.min(this.end - done + 1, size);
  if (size <= 0) {
    this.push(null);
    return;
  }
  const buffer = Buffer.allocUnsafeSlow(size);
  this[kIsPerformingIO] = true;
  this[kFs].read(this.fd, buffer, 0, size, this.pos, (error, bytesRead, given) => {
    this[kIsPerformingIO] = false;
    if (this.destroyed) {
      this.emit(kIoDone, error);
      return;
    }
    if (error) {
      errorOrDestroy(this, error);
    } else if (bytesRead > 0) {
      if (this.pos !== undefined) this.pos += bytesRead;
      this.bytesRead += bytesRead;
      // A small rest of a large buffer gets memory of its own.
      this.push(bytesRead === given.length ? given : Buffer.from(given.subarray(0, bytesRead)));
    } else {
      this.push(null);
    }
  });
};

ReadStream.prototype.close = function(callback) {
  if (typeof callback === 'function') eos(this, callback);
  this.destroy();
};

function WriteStream(path, options) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options);
  options = prepare(options);
  options.decodeStrings = true;
  chooseFunctions(this, options, ['open', 'write', 'writev', 'close']);
  importPath(this, path, options, 'w');
  this.start = options.start;
  this.pos = undefined;
  this.bytesWritten = 0;
  this[kIsPerformingIO] = false;
  this.flush = options.flush ?? false;
  validateBoolean(this.flush, 'options.flush');
  if (!this[kFs].write && this[kFs].writev) this._write = null;
  if (!this[kFs].writev) this._writev = null;
  if (this.start !== undefined) {
    validateInteger(this.start, 'start', 0);
    this.pos = this.start;
  }
  Writable.call(this, options);
  if (options.encoding) this.setDefaultEncoding(options.encoding);
}
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(WriteStream, Writable);

WriteStream.prototype.open = open;
WriteStream.prototype._construct = construct;
WriteStream.prototype._destroy = destroy;

/** What becomes of a write: the rest is written, or the stream goes on. */
function onWritten(stream, error, bytesWritten, callback) {
  stream[kIsPerformingIO] = false;
  if (stream.destroyed) {
    callback(error);
    stream.emit(kIoDone, error);
    return false;
  }
  if (error) {
    callback(error);
    return false;
  }
  stream.bytesWritten += bytesWritten;
  if (stream.pos !== undefined) stream.pos += bytesWritten;
  return true;
}

WriteStream.prototype._write = function(data, encoding, callback) {
  this[kIsPerformingIO] = true;
  this[kFs].write(this.fd, data, 0, data.length, this.pos, (error, bytesWritten) => {
    if (!onWritten(this, error, bytesWritten, callback)) return;
    if (bytesWritten < data.length) this._write(data.subarray(bytesWritten), encoding, callback);
    else callback();
  });
};

WriteStream.prototype._writev = function(data, callback) {
  const whole = Buffer.concat(data.map(({ chunk }) => chunk));
  WriteStream.prototype._write.call(this, whole, 'buffer', callback);
};

WriteStream.prototype.close = function(callback) {
  if (callback) {
    if (this.closed) {
      process.nextTick(callback);
      return;
    }
    this.on('close', callback);
  }
  // Without autoClose the end would not close the file.
  if (!this.autoClose) this.on('finish', this.destroy);
  this.end();
};

WriteStream.prototype.destroySoon = WriteStream.prototype.end;

for (const [Class, state] of [[ReadStream, '_readableState'], [WriteStream, '_writableState']]) {
  Object.defineProperty(Class.prototype, 'autoClose', {
    get() { return this[state].autoDestroy; },
    set(value) { this[state].autoDestroy = value; },
    configurable: true,
  });
  Object.defineProperty(Class.prototype, 'pending', {
    get() { return this.fd === null; },
    configurable: true,
  });
}

module.exports = { ReadStream, WriteStream };
