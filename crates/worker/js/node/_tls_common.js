'use strict';

module.exports = require('internal/unsupported').makeUnsupported('_tls_common');
