'use strict';

// https.Agent. Options about certificates are kept and not used: the runtime checks the host's certificate against
// those that the machine trusts.

const base = require('internal/http/agent');

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  base.Agent.call(this, options);
  this.defaultPort = 443;
  this.protocol = 'https:';
  this.maxCachedSessions = this.options.maxCachedSessions ?? 100;
}
Object.setPrototypeOf(Agent.prototype, base.Agent.prototype);
Object.setPrototypeOf(Agent, base.Agent);

module.exports = { Agent, globalAgent: new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }) };
