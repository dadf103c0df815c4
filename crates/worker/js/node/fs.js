'use strict';

// Files, in three forms: functions that give their result, functions that call back, and `fs.promises`.

const { codes } = require('internal/errors');
const { performForCallback } = require('internal/fs/perform');
const content = require('internal/fs/content');
const operations = require('internal/fs/operations');
const { toPath, toUnixTimestamp } = require('internal/fs/arguments');
const { defineLazy } = require('internal/lazy');
const { unsupported } = require('internal/unsupported');

const kCustomPromisify = Symbol.for('nodejs.util.promisify.custom');
const single = (value) => (value === undefined ? [] : [value]);

/** The callback among `args`, and what is before it. */
function splitCallback(args) {
  const index = args.findIndex((argument, position) => position > 0 && typeof argument === 'function');
  if (index === -1) throw new codes.ERR_INVALID_ARG_TYPE('cb', 'Function', undefined);
  return [args.slice(0, index), args[index]];
}

function defineForms(name, operation, spread, syncResult) {
  exports[name] = {
    [name](...args) {
      const [rest, callback] = splitCallback(args);
      performForCallback(operation, rest, callback, spread);
    },
  }[name];
  const syncName = `${name}Sync`;
  exports[syncName] = { [syncName](...args) { return syncResult(operation(...args)()); } }[syncName];
}

const same = (value) => value;
for (const name of Object.keys(operations)) {
  if (name !== 'realpathNative') defineForms(name, operations[name], single, same);
}
for (const name of ['appendFile', 'readFile', 'writeFile']) defineForms(name, content[name], single, same);

for (const [name, count, data] of [
  ['read', 'bytesRead', 'buffer'],
  ['readv', 'bytesRead', 'buffers'],
  ['write', 'bytesWritten', 'buffer'],
  ['writev', 'bytesWritten', 'buffers'],
]) {
  defineForms(name, content[name], (result) => [result[count], result[data]], (result) => result[count]);
  Object.defineProperty(exports[name], kCustomPromisify, {
    value: (...args) => require('internal/fs/perform').perform(content[name], args),
    enumerable: false,
  });
}

/** Paths that may not be looked at are not there. */
function exists(path) {
  try {
    path = toPath(path);
  } catch {
    return false;
  }
  return binding('fs').access(path, 0) === undefined;
}

exports.existsSync = function existsSync(path) {
  return exists(path);
};

exports.exists = function(path, callback) {
  if (typeof callback !== 'function') throw new codes.ERR_INVALID_ARG_TYPE('cb', 'Function', callback);
  setImmediate(() => callback(exists(path)));
};
Object.defineProperty(exports.exists, 'name', { value: 'exists' });
Object.defineProperty(exports.exists, kCustomPromisify, {
  value: (path) => new Promise((resolve) => exports.exists(path, resolve)), enumerable: false,
});

exports.realpath.native = function(path, ...args) {
  const [rest, callback] = splitCallback([path, ...args]);
  performForCallback(operations.realpathNative, rest, callback, single);
};
exports.realpathSync.native = (path, options) => operations.realpathNative(path, options)();

exports.cp = function cp(source, destination, ...args) {
  const [[, , options], callback] = splitCallback([source, destination, ...args]);
  const tree = require('internal/fs/tree');
  const chosen = tree.validateCopyOptions(options);
  source = toPath(source, 'src');
  destination = toPath(destination, 'dest');
  tree.copyAsync(source, destination, chosen).then(
    () => process.nextTick(callback, null, undefined), (error) => process.nextTick(callback, error));
};

exports.openAsBlob = function openAsBlob(path, options = {}) {
  require('internal/validators').validateObject(options, 'options');
  const { Blob } = require('internal/blob');
  return require('internal/fs/perform').perform(content.readFile, [path])
    .then((bytes) => new Blob([bytes], { type: options.type || '' }));
};

exports.lchmod = undefined;
exports.lchmodSync = undefined;
exports.watch = unsupported('fs', 'watch');
exports.watchFile = unsupported('fs', 'watchFile');
exports.unwatchFile = unsupported('fs', 'unwatchFile');
exports._toUnixTimestamp = toUnixTimestamp;

exports.createReadStream = function createReadStream(path, options) {
  return new exports.ReadStream(path, options);
};
exports.createWriteStream = function createWriteStream(path, options) {
  return new exports.WriteStream(path, options);
};

function defineOpendir(name) {
  const forms = {};
  const { opendir } = require('internal/fs/dir');
  forms.opendir = { opendir(...args) {
    const [rest, callback] = splitCallback(args);
    performForCallback(opendir, rest, callback, single);
  } }.opendir;
  forms.opendirSync = { opendirSync(path, options) { return opendir(path, options)(); } }.opendirSync;
  return forms[name];
}

const streamClass = (name) => () => require('internal/fs/streams')[name];
defineLazy(exports, {
  Dirent: () => require('internal/fs/dirent').Dirent,
  Stats: () => require('internal/fs/stats').Stats,
  ReadStream: streamClass('ReadStream'),
  WriteStream: streamClass('WriteStream'),
  FileReadStream: streamClass('ReadStream'),
  FileWriteStream: streamClass('WriteStream'),
  Dir: () => require('internal/fs/dir').Dir,
  opendir: () => defineOpendir('opendir'),
  opendirSync: () => defineOpendir('opendirSync'),
  promises: () => require('fs/promises'),
});

exports.constants = require('internal/fs/constants');
for (const name of ['F_OK', 'R_OK', 'W_OK', 'X_OK']) {
  Object.defineProperty(exports, name, { value: exports.constants[name], enumerable: true });
}
