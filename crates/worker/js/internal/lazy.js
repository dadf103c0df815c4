'use strict';

/** Defines properties whose values are made when they are first read; `loaders` maps names to functions. */
function defineLazy(target, loaders, { enumerable = true } = {}) {
  for (const name of Object.keys(loaders)) {
    const settle = (value) => {
      Object.defineProperty(target, name, { value, writable: true, enumerable, configurable: true });
      return value;
    };
    Object.defineProperty(target, name, {
      get: () => settle(loaders[name]()),
      set: settle,
      enumerable,
      configurable: true,
    });
  }
  return target;
}

module.exports = { defineLazy };
