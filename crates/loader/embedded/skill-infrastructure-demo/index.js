'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');

/**
 * Runs an observation that the sandbox may refuse.
 * @param {function(): *} look
 * @returns {*} what was seen, or `{ refused }` with the reason
 */
function observe(look) {
  try {
    return look();
  } catch (error) {
    return { refused: error && (error.code || error.message) };
  }
}

/** Whether `attempt` gets through: `true`, or the code of the refusal. */
function allowed(attempt) {
  const outcome = observe(() => {
    attempt();
    return true;
  });
  return outcome === true ? true : outcome.refused;
}

function entry(folder) {
  const found = { path: folder, list: allowed(() => fs.readdirSync(folder)) };
  const file = path.join(folder, `.skill-infrastructure-demo-${process.pid}`);
  found.write = allowed(() => {
    fs.writeFileSync(file, 'x');
    fs.unlinkSync(file);
  });
  return found;
}

module.exports = {
  onInit() {
    this.startedAt = Date.now();
    this.calls = 0;
  },

  onExecute() {
    this.calls += 1;
  },

  onUnload() {
    console.log(`Answered ${this.calls} calls in ${Date.now() - this.startedAt} ms.`);
  },

  /**
   * Describes the process, platform, memory and sandbox this skill runs in.
   * @returns {object}
   */
  report() {
    return {
      skill: {
        folder: __dirname,
        calls: this.calls,
        ageMilliseconds: Date.now() - this.startedAt,
      },
      process: {
        pid: process.pid,
        versions: observe(() => ({ ...process.versions })),
        workingDirectory: observe(() => process.cwd()),
        uptimeSeconds: observe(() => process.uptime()),
      },
      platform: {
        os: process.platform,
        architecture: process.arch,
        endianness: observe(() => os.endianness()),
        processors: observe(() => os.cpus().length),
        temporaryFolder: observe(() => os.tmpdir()),
      },
      memory: observe(() => ({ ...process.memoryUsage() })),
      sandbox: {
        // Nothing reaches the environment that the skill was not granted.
        environment: Object.keys(process.env).sort(),
        user: observe(() => os.userInfo().username),
        hostName: observe(() => os.hostname()),
      },
    };
  },

  /**
   * Tries the places a skill usually has and tells which it may list and write.
   * @returns {object}
   */
  paths() {
    return {
      skill: entry(__dirname),
      workspace: entry(process.cwd()),
      data: entry('/mycelium/data'),
      dependencies: entry('/mycelium/deps'),
      temporary: entry(os.tmpdir()),
    };
  },

  /**
   * Tries to read one file or folder and tells whether that is allowed.
   * @param {string} target a path, relative to the workspace unless absolute
   * @returns {object}
   */
  probe(target) {
    if (typeof target !== 'string' || target === '') {
      throw new TypeError('probe needs the path of a file or folder');
    }
    const resolved = path.resolve(target);
    const read = allowed(() => {
      // A folder is listed, a file is opened; nothing of either is given back.
      if (fs.statSync(resolved).isDirectory()) {
        fs.readdirSync(resolved);
      } else {
        fs.closeSync(fs.openSync(resolved, 'r'));
      }
    });
    return { path: resolved, read };
  },

  /**
   * Gives back what it is given, with what the runtime made of it.
   * @param {*} value
   * @returns {object}
   */
  echo(value) {
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    return { value, type, calls: this.calls };
  },
};
