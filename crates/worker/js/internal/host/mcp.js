'use strict';

// Other MCP servers, as far as the skill is granted them. Results are as the protocol has them.

const { ask } = require('internal/host/calls');
const { validateInteger, validateString } = require('internal/validators');

const { stringify } = JSON;

/** Asks a server for something; `params` are those of the protocol. */
function request(server, operation, params) {
  validateString(server, 'server');
  return ask('mcp/request', `"server":${stringify(server)},"operation":"${operation}","params":${stringify(params)}`);
}

const mcp = {
  /** The servers that the skill may use. */
  async servers() {
    const { servers } = await ask('mcp/request', '"operation":"servers"');
    return servers;
  },

  /** The tools of a server that the skill may call. */
  async tools(server) {
    const { tools } = await request(server, 'list-tools', {});
    return tools;
  },

  /** Calls a tool. An answer that says that it failed is a rejection. */
  async call(server, tool, args = {}) {
    validateString(tool, 'tool');
    if (typeof args !== 'object' || args === null || Array.isArray(args)) throw new TypeError('args is an object');
    return request(server, 'call-tool', { name: tool, arguments: args });
  },

  /** The resources of a server. */
  async resources(server) {
    const { resources } = await request(server, 'list-resources', {});
    return resources;
  },

  /** The templates of addresses of further resources. */
  async templates(server) {
    const { templates } = await request(server, 'list-templates', {});
    return templates;
  },

  /** Waits until the server says that a resource has changed; false if it does not in that time. */
  async changed(server, uri, { seconds } = {}) {
    validateString(uri, 'uri');
    if (seconds !== undefined) validateInteger(seconds, 'seconds', 1, 86_400);
    const { changed } = await request(server, 'await-resource', { uri, seconds });
    return changed;
  },

  /** The contents of a resource. */
  async read(server, uri) {
    validateString(uri, 'uri');
    const { contents } = await request(server, 'read-resource', { uri });
    return contents;
  },
};

module.exports = Object.freeze(mcp);
