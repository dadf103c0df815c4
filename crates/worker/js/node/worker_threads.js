'use strict';

module.exports = require('internal/unsupported').makeUnsupported('worker_threads');
