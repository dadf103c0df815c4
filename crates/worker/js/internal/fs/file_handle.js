'use strict';

// An open file with promises.

const EventEmitter = require('events');
const { codes } = require('internal/errors');
const content = require('internal/fs/content');
const { perform } = require('internal/fs/perform');
const operations = require('internal/fs/operations');

const kFd = Symbol('kFd');
const kClosePromise = Symbol('kClosePromise');
const CLOSED = -1;

class FileHandle extends EventEmitter {
  constructor(fd) {
    super();
    this[kFd] = fd ?? CLOSED;
    this[kClosePromise] = null;
  }

  get fd() {
    return this[kFd];
  }

  getAsyncId() {
    return this[kFd];
  }

  appendFile(data, options) {
    return call(this, 'appendFile', content.writeFile, data, options);
  }

  chmod(mode) {
    return call(this, 'fchmod', operations.fchmod, mode);
  }

  chown(uid, gid) {
    return call(this, 'fchown', operations.fchown, uid, gid);
  }

  datasync() {
    return call(this, 'fdatasync', operations.fdatasync);
  }

  sync() {
    return call(this, 'fsync', operations.fsync);
  }

  read(...args) {
    return call(this, 'read', content.read, ...args).then(bare);
  }

  readv(buffers, position) {
    return call(this, 'readv', content.readv, buffers, position).then(bare);
  }

  readFile(options) {
    return call(this, 'readFile', content.readFile, options);
  }

  readLines(options = undefined) {
    return require('readline').createInterface({ input: this.createReadStream(options), crlfDelay: Infinity });
  }

  stat(options) {
    return call(this, 'fstat', operations.fstat, options);
  }

  truncate(length = 0) {
    return call(this, 'ftruncate', operations.ftruncate, length);
  }

  utimes(atime, mtime) {
    return call(this, 'futimes', operations.futimes, atime, mtime);
  }

  write(buffer, offset, length, position) {
    return call(this, 'write', content.write, buffer, offset, length, position).then(bare);
  }

  writev(buffers, position) {
    return call(this, 'writev', content.writev, buffers, position).then(bare);
  }

  writeFile(data, options) {
    return call(this, 'writeFile', content.writeFile, data, options);
  }

  close() {
    if (this[kFd] === CLOSED) return Promise.resolve();
    if (this[kClosePromise]) return this[kClosePromise];
    const fd = this[kFd];
    this[kFd] = CLOSED;
    this.emit('close');
    this[kClosePromise] = perform(operations.close, [fd]).finally(() => { this[kClosePromise] = null; });
    return this[kClosePromise];
  }

  readableWebStream(options = { type: 'bytes' }) {
    if (this[kFd] === CLOSED) throw new codes.ERR_INVALID_STATE('The FileHandle is closed');
    const { ReadableStream } = require('internal/webstreams/readable');
    const handle = this;
    return new ReadableStream({
      type: 'bytes',
      autoAllocateChunkSize: 16384,
      async pull(controller) {
        const { view } = controller.byobRequest;
        const { bytesRead } = await handle.read(view, view.byteOffset, view.byteLength);
        if (bytesRead === 0) {
          controller.close();
          if (options?.autoClose) await handle.close();
        }
        controller.byobRequest.respond(bytesRead);
      },
      async cancel() {
        if (options?.autoClose) await handle.close();
      },
    });
  }

  createReadStream(options = undefined) {
    const { ReadStream } = require('internal/fs/streams');
    return new ReadStream(undefined, { ...options, fd: this });
  }

  createWriteStream(options = undefined) {
    const { WriteStream } = require('internal/fs/streams');
    return new WriteStream(undefined, { ...options, fd: this });
  }
}
Object.defineProperty(FileHandle.prototype, Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose'), {
  value() { return this.close(); }, configurable: true, writable: true,
});

/** A result as an object without a prototype. */
function bare(result) {
  return { __proto__: null, ...result };
}

function call(handle, name, operation, ...args) {
  if (!(handle instanceof FileHandle)) {
    return Promise.reject(new codes.ERR_INVALID_ARG_TYPE('filehandle', 'FileHandle', handle));
  }
  if (handle[kFd] === CLOSED) {
    return Promise.reject(Object.assign(new Error('file closed'), { code: 'EBADF', syscall: name }));
  }
  return perform(operation, [handle[kFd], ...args]);
}

module.exports = { FileHandle };
