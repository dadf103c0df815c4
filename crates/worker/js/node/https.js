'use strict';

// The client of `https`.

const { ClientRequest } = require('internal/http/client');
const { Agent, globalAgent } = require('internal/http/secure_agent');
const { unsupported } = require('internal/unsupported');
const { URL } = require('internal/url');
const { urlToHttpOptions } = require('url');

function request(...args) {
  let options = {};
  if (typeof args[0] === 'string') options = urlToHttpOptions(new URL(args.shift()));
  else if (args[0] instanceof URL) options = urlToHttpOptions(args.shift());
  if (args[0] && typeof args[0] !== 'function') Object.assign(options, args.shift());
  options._defaultAgent = module.exports.globalAgent;
  return new ClientRequest(options, ...args);
}

function get(url, options, callback) {
  const made = request(url, options, callback);
  made.end();
  return made;
}

module.exports = {
  Agent,
  Server: unsupported('https', 'Server'),
  createServer: unsupported('https', 'createServer'),
  get,
  globalAgent,
  request,
};
