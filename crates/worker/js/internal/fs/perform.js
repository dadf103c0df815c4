'use strict';

// The turn of the event loop in which an operation that somebody waits for is done.

/** Checks the arguments now, does the work in a later turn, gives a promise of the result. */
async function perform(operation, args) {
  const work = operation(...args);
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** The same for a callback, which gets an error or null, and the results that `spread` makes of the value. */
function performForCallback(operation, args, callback, spread) {
  const work = operation(...args);
  setImmediate(() => {
    let value;
    try {
      value = work();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, ...spread(value));
  });
}

module.exports = { perform, performForCallback };
