'use strict';

// Terminals. A worker has none.

const { codes } = require('internal/errors');
const { Readable, Writable } = require('stream');

function isatty() {
  return false;
}

function refuse(fd) {
  if (fd >> 0 !== fd || fd < 0) throw new codes.ERR_INVALID_FD(fd);
  throw new codes.ERR_TTY_INIT_FAILED({
    errno: -22, code: 'EINVAL', message: 'invalid argument', syscall: 'uv_tty_init',
  });
}

/** `instanceof` is all that these classes are good for here: no descriptor is a terminal. */
class ReadStream extends Readable {
  constructor(fd, options) {
    super(options);
    refuse(fd);
  }
}

class WriteStream extends Writable {
  constructor(fd) {
    super();
    refuse(fd);
  }

  getColorDepth() {
    return 1;
  }

  hasColors(count) {
    return count !== undefined && typeof count === 'number' && count <= 2;
  }
}
ReadStream.prototype.isTTY = true;
WriteStream.prototype.isTTY = true;

module.exports = { isatty, ReadStream, WriteStream };
