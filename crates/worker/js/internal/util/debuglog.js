'use strict';

const { format, formatWithOptions } = require('internal/util/format');

/** Whether NODE_DEBUG, a list of sections with `*` as a wildcard, names `section`. */
function isEnabled(section) {
  const list = require('process').env.NODE_DEBUG;
  if (!list) return false;
  const pattern = list.replace(/[|\\{}()[\]^$+?.]/g, '\\$&').replaceAll('*', '.*').replaceAll(',', '$|^');
  return new RegExp(`^${pattern}$`, 'i').test(section);
}

/** A function that writes to the error stream if `section` is being debugged; `callback` gets the plain logger then. */
function debuglog(section, callback) {
  let enabled;
  const isOn = () => (enabled ??= isEnabled(section));
  let log = (...args) => {
    if (isOn()) {
      const { pid, stderr } = require('process');
      const name = section.toUpperCase();
      log = (...values) => {
        const text = stderr.isTTY ? formatWithOptions({ colors: true }, ...values) : format(...values);
        stderr.write(`${name} ${pid}: ${text}\n`);
      };
    } else {
      log = () => {};
    }
    if (typeof callback === 'function') callback(log);
    log(...args);
  };
  const logger = (...args) => log(...args);
  Object.defineProperty(logger, 'enabled', { get: isOn, configurable: true, enumerable: true });
  return logger;
}

module.exports = { debuglog };
