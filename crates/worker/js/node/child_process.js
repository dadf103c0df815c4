'use strict';

module.exports = require('internal/unsupported').makeUnsupported('child_process');
