'use strict';

// File operations that give promises.

const { perform } = require('internal/fs/perform');
const { FileHandle } = require('internal/fs/file_handle');
const content = require('internal/fs/content');
const operations = require('internal/fs/operations');
const { unsupported } = require('internal/unsupported');

for (const name of [
  'access', 'copyFile', 'open', 'opendir', 'rename', 'truncate', 'rm', 'rmdir', 'mkdir', 'readdir', 'readlink',
  'symlink', 'lstat', 'stat', 'statfs', 'link', 'unlink', 'chmod', 'lchown', 'chown', 'utimes', 'lutimes', 'realpath',
  'mkdtemp',
]) {
  exports[name] = { async [name](...args) { return perform(operations[name], args); } }[name];
}

exports.open = async function open(path, flags, mode) {
  return new FileHandle(await perform(operations.open, [path, flags, mode]));
};

exports.opendir = async function opendir(path, options) {
  return perform(require('internal/fs/dir').opendir, [path, options]);
};

exports.cp = async function cp(source, destination, options) {
  const tree = require('internal/fs/tree');
  const { toPath } = require('internal/fs/arguments');
  const chosen = tree.validateCopyOptions(options);
  return tree.copyAsync(toPath(source, 'src'), toPath(destination, 'dest'), chosen);
};

exports.lchmod = async function lchmod() {
  const { codes } = require('internal/errors');
  throw new codes.ERR_METHOD_NOT_IMPLEMENTED('lchmod()');
};

/** The descriptor of a FileHandle, or the path that it is instead of one. */
function fileOf(target) {
  return target instanceof FileHandle ? target.fd : target;
}

exports.readFile = async function readFile(path, options) {
  return perform(content.readFile, [fileOf(path), options]);
};

/** Text of an iterable or stream, or what is written as it is. */
async function collect(data, encoding) {
  if (data === null || typeof data !== 'object' || ArrayBuffer.isView(data)) return data;
  if (typeof data[Symbol.asyncIterator] !== 'function' && typeof data[Symbol.iterator] !== 'function') return data;
  const { Buffer } = require('buffer');
  const parts = [];
  for await (const chunk of data) {
    parts.push(ArrayBuffer.isView(chunk) ?
      Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.from(chunk, encoding));
  }
  return Buffer.concat(parts);
}

function defineWriter(name) {
  return {
    async [name](path, data, options) {
      const encoding = typeof options === 'string' ? options : options?.encoding;
      return perform(content[name], [fileOf(path), await collect(data, encoding ?? 'utf8'), options]);
    },
  }[name];
}
exports.writeFile = defineWriter('writeFile');
exports.appendFile = defineWriter('appendFile');

exports.watch = unsupported('fs/promises', 'watch');
exports.constants = require('internal/fs/constants');
