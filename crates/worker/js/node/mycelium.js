'use strict';

// What a skill can ask of its runtime: `require('mycelium')`.

const { skill, settings } = require('internal/surroundings');

module.exports = { skill, settings };
