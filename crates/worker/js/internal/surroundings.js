'use strict';

// What the runtime told of the skill that runs here.

module.exports = {
  /** The skill's folder. */
  root: undefined,
  /** `{name, version}`. */
  skill: undefined,
  /** The skill's settings, as its manifest describes them. */
  settings: {},
};
