'use strict';

// What a skill can ask of its runtime: `require('mycelium')`.

const assets = require('internal/host/assets');
const { config, context } = require('internal/host/context');
const kv = require('internal/host/kv');
const log = require('internal/host/log');
const { skill, settings } = require('internal/surroundings');

module.exports = Object.freeze({ assets, config, context, kv, log, settings, skill });
