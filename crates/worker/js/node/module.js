'use strict';

const { Module } = require('internal/modules/commonjs');
const { builtinExists, publicNames } = require('internal/builtins');

Module.builtinModules = publicNames().filter((name) => !name.startsWith('node:'));

Module.isBuiltin = function isBuiltin(moduleName) {
  const name = `${moduleName}`;
  return builtinExists(name.startsWith('node:') ? name.slice(5) : name) &&
    (name.startsWith('node:') || Module.builtinModules.includes(name));
};

Module.syncBuiltinESMExports = function syncBuiltinESMExports() {};

Module.findSourceMap = function findSourceMap() {};

Module.enableCompileCache = function enableCompileCache() {
  return { status: Module.constants.compileCacheStatus.DISABLED };
};

Module.getCompileCacheDir = function getCompileCacheDir() {};

Module.flushCompileCache = function flushCompileCache() {};

Module.constants = Object.freeze({
  __proto__: null,
  compileCacheStatus: Object.freeze({ __proto__: null, FAILED: 0, ENABLED: 1, ALREADY_ENABLED: 2, DISABLED: 3 }),
});

const { unsupported } = require('internal/unsupported');

Module.register = unsupported('module', 'register');
Module.runMain = unsupported('module', 'runMain');
Module.SourceMap = class SourceMap {
  constructor() {
    unsupported('module', 'SourceMap')();
  }
};

module.exports = Module;
