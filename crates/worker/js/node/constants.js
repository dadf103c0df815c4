'use strict';

// The constants of several builtins in one place, as programs once expected them.

const { dlopen, errno, priority, signals } = require('internal/os/constants');

Object.assign(
  exports,
  dlopen,
  errno,
  priority,
  signals,
  require('internal/fs/constants'),
  require('internal/crypto/constants'),
);
