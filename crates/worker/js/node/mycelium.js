'use strict';

// What a skill can ask of its runtime: `require('mycelium')`. `types/mycelium.d.ts` describes it.

const assets = require('internal/host/assets');
const { config, context } = require('internal/host/context');
const kv = require('internal/host/kv');
const log = require('internal/host/log');
const mcp = require('internal/host/mcp');
const { signal } = require('internal/host/signal');
const { call, progress } = require('internal/host/skills');
const { skill, settings } = require('internal/surroundings');

module.exports = Object.freeze({ assets, call, config, context, kv, log, mcp, progress, settings, signal, skill });
