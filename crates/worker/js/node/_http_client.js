'use strict';

module.exports = require('internal/unsupported').makeUnsupported('_http_client');
