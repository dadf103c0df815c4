'use strict';

// The client of `http`. Servers need the other engine: nothing can reach a worker.

const { Agent, globalAgent } = require('internal/http/agent');
const { IncomingMessage } = require('internal/http/incoming');
const { METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue } = require('internal/http/names');
const { OutgoingMessage } = require('internal/http/outgoing');
const { ClientRequest } = require('internal/http/client');
const { unsupported } = require('internal/unsupported');

function request(url, options, callback) {
  return new ClientRequest(url, options, callback);
}

function get(url, options, callback) {
  const made = request(url, options, callback);
  made.end();
  return made;
}

module.exports = {
  Agent,
  ClientRequest,
  IncomingMessage,
  METHODS,
  OutgoingMessage,
  STATUS_CODES,
  get,
  globalAgent,
  maxHeaderSize: 16384,
  request,
  setMaxIdleHTTPParsers() {},
  validateHeaderName,
  validateHeaderValue,
};
for (const name of ['Server', 'ServerResponse', 'createServer', '_connectionListener']) {
  module.exports[name] = unsupported('http', name);
}
