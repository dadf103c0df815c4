'use strict';

// http.Agent: a holder of options. The runtime makes the connections, one for each request.

const EventEmitter = require('events');
const { fail } = require('internal/unsupported');
const { validateNumber, validateOneOf } = require('internal/validators');

function Agent(options) {
  if (!(this instanceof Agent)) return new Agent(options);
  EventEmitter.call(this);
  this.defaultPort = 80;
  this.protocol = 'http:';
  this.options = { __proto__: null, noDelay: true, ...options, path: null };
  this.requests = { __proto__: null };
  this.sockets = { __proto__: null };
  this.freeSockets = { __proto__: null };
  this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
  this.keepAlive = this.options.keepAlive || false;
  this.maxSockets = this.options.maxSockets || Agent.defaultMaxSockets;
  this.maxFreeSockets = this.options.maxFreeSockets || 256;
  this.scheduling = this.options.scheduling || 'lifo';
  this.maxTotalSockets = this.options.maxTotalSockets;
  this.totalSocketCount = 0;
  validateOneOf(this.scheduling, 'scheduling', ['fifo', 'lifo']);
  if (this.maxTotalSockets === undefined) this.maxTotalSockets = Infinity;
  else validateNumber(this.maxTotalSockets, 'maxTotalSockets', 1);
}
Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Agent, EventEmitter);

Agent.defaultMaxSockets = Infinity;

Agent.prototype.createConnection = function createConnection() {
  throw fail('http', 'Agent.createConnection');
};

Agent.prototype.createSocket = function createSocket() {
  throw fail('http', 'Agent.createSocket');
};

Agent.prototype.getName = function getName(options = {}) {
  let name = `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`;
  if (options.family === 4 || options.family === 6) name += `:${options.family}`;
  if (options.socketPath) name += `:${options.socketPath}`;
  return name;
};

/** Lets the runtime make the connection of `request`. */
Agent.prototype.addRequest = function addRequest(request, options) {
  const { createConnection, createSocket } = Agent.prototype;
  // An agent that makes its own connections, to a proxy or elsewhere, must not be passed over in silence.
  if (this.createConnection !== createConnection || this.createSocket !== createSocket) throw fail('http', 'Agent.createConnection');
  request._connect(options);
};

Agent.prototype.removeSocket = function removeSocket() {};
Agent.prototype.keepSocketAlive = function keepSocketAlive() {
  return false;
};
Agent.prototype.reuseSocket = function reuseSocket() {};
Agent.prototype.destroy = function destroy() {};

module.exports = { Agent, globalAgent: new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 }) };
