'use strict';

module.exports = require('internal/unsupported').makeUnsupported('_stream_wrap');
