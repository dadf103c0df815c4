'use strict';

module.exports = require('internal/unsupported').makeUnsupported('cluster');
