'use strict';

/** Defines properties whose values are made when they are first read; `loaders` maps names to functions. */
function defineLazy(target, loaders) {
  for (const name of Object.keys(loaders)) {
    const settle = (value) => {
      Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
      return value;
    };
    Object.defineProperty(target, name, {
      get: () => settle(loaders[name]()),
      set: settle,
      enumerable: true,
      configurable: true,
    });
  }
  return target;
}

module.exports = { defineLazy };
