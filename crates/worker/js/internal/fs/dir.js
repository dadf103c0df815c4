'use strict';

// An open directory, read entry by entry.

const { codes } = require('internal/errors');
const { toOptions, toPath } = require('internal/fs/arguments');
const { Dirent, join, list } = require('internal/fs/dirent');
const { UV_DIRENT_DIR } = require('internal/fs/constants');
const { validateBoolean, validateFunction, validateUint32 } = require('internal/validators');

class Dir {
  #path;
  #options;
  /** Directories still to be listed, with `recursive`. */
  #waiting = [];
  #entries = [];
  #closed = false;
  #pending = 0;

  constructor(path, options, entries) {
    this.#path = path;
    this.#options = options;
    this.#add(path, entries);
  }

  get path() {
    return this.#path;
  }

  #add(path, entries) {
    for (const { name, type, raw } of entries) {
      this.#entries.push(new Dirent(name, type, path));
      if (this.#options.recursive && type === UV_DIRENT_DIR) this.#waiting.push(join(path, raw));
    }
  }

  #next() {
    while (this.#entries.length === 0 && this.#waiting.length > 0) {
      const path = this.#waiting.shift();
      this.#add(path, list(path, this.#options.encoding));
    }
    return this.#entries.shift() ?? null;
  }

  #throwIfClosed() {
    if (this.#closed) throw new codes.ERR_DIR_CLOSED();
  }

  readSync() {
    this.#throwIfClosed();
    if (this.#pending > 0) throw new codes.ERR_DIR_CONCURRENT_OPERATION();
    return this.#next();
  }

  read(callback) {
    if (callback !== undefined) {
      validateFunction(callback, 'callback');
      this.#later(() => this.#next(), callback);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#later(() => this.#next(), (error, entry) => (error ? reject(error) : resolve(entry)));
    });
  }

  #later(action, callback) {
    if (this.#closed) {
      process.nextTick(callback, new codes.ERR_DIR_CLOSED());
      return;
    }
    this.#pending++;
    setImmediate(() => {
      this.#pending--;
      let result;
      try {
        result = action();
      } catch (error) {
        callback(error);
        return;
      }
      callback(null, result);
    });
  }

  closeSync() {
    this.#throwIfClosed();
    if (this.#pending > 0) throw new codes.ERR_DIR_CONCURRENT_OPERATION();
    this.#closed = true;
  }

  close(callback) {
    const finish = () => { this.#closed = true; };
    if (callback !== undefined) {
      validateFunction(callback, 'callback');
      this.#later(finish, (error) => callback(error));
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#later(finish, (error) => (error ? reject(error) : resolve()));
    });
  }

  async* entries() {
    try {
      for (;;) {
        const entry = await this.read();
        if (entry === null) break;
        yield entry;
      }
    } finally {
      await this.close();
    }
  }
}
Object.defineProperty(Dir.prototype, Symbol.asyncIterator, {
  value: Dir.prototype.entries, enumerable: false, writable: true, configurable: true,
});
Object.defineProperty(Dir.prototype, Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose'), {
  value: Dir.prototype.close, enumerable: false, writable: true, configurable: true,
});

/** fs.opendir, in the form of internal/fs/operations. */
function opendir(path, options) {
  path = toPath(path);
  const chosen = toOptions(options, { encoding: 'utf8' });
  if (chosen.bufferSize !== undefined) validateUint32(chosen.bufferSize, 'options.bufferSize', true);
  if (chosen.recursive != null) validateBoolean(chosen.recursive, 'options.recursive');
  return () => new Dir(path, chosen, list(path, chosen.encoding, 'opendir', path));
}

module.exports = { Dir, opendir };
