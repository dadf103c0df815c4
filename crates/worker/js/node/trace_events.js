'use strict';

module.exports = require('internal/unsupported').makeUnsupported('trace_events');
