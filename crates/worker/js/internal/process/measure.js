'use strict';

// What `process` tells of time, memory and identity.

const { codes } = require('internal/errors');
const { validateFunction, validateObject } = require('internal/validators');

const engine = binding('engine');
const started = engine.now();

function hrtime(previous) {
  const nanoseconds = engine.nanoseconds();
  let seconds = Number(nanoseconds / 1000000000n);
  let rest = Number(nanoseconds % 1000000000n);
  if (previous !== undefined) {
    if (!Array.isArray(previous)) throw new codes.ERR_INVALID_ARG_TYPE('time', 'Array', previous);
    if (previous.length !== 2) throw new codes.ERR_OUT_OF_RANGE('time', 2, previous.length);
    seconds -= previous[0];
    rest -= previous[1];
    if (rest < 0) {
      seconds--;
      rest += 1000000000;
    }
  }
  return [seconds, rest];
}
hrtime.bigint = function bigint() {
  return engine.nanoseconds();
};

function memoryUsage() {
  const { resident, heapTotal, heapUsed } = engine.memory();
  return { rss: resident, heapTotal, heapUsed, external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = function rss() {
  return engine.memory().resident;
};

function cpuUsage(previous) {
  const total = engine.processorTime();
  if (previous === undefined) return { user: total, system: 0 };
  validateObject(previous, 'prevValue');
  return { user: total - previous.user, system: 0 };
}

function resourceUsage() {
  return {
    userCPUTime: engine.processorTime(),
    systemCPUTime: 0,
    maxRSS: Math.ceil(engine.memory().resident / 1024),
    sharedMemorySize: 0,
    unsharedDataSize: 0,
    unsharedStackSize: 0,
    minorPageFault: 0,
    majorPageFault: 0,
    swappedOut: 0,
    fsRead: 0,
    fsWrite: 0,
    ipcSent: 0,
    ipcReceived: 0,
    signalsCount: 0,
    voluntaryContextSwitches: 0,
    involuntaryContextSwitches: 0,
  };
}

let captureCallback = null;

module.exports = {
  hrtime,
  memoryUsage,
  cpuUsage,
  resourceUsage,
  uptime: () => (engine.now() - started) / 1000,
  constrainedMemory: () => engine.memoryLimit(),
  availableMemory: () => Math.max(0, engine.memoryLimit() - engine.memory().heapUsed),
  getuid: () => engine.user().uid,
  geteuid: () => engine.user().uid,
  getgid: () => engine.user().gid,
  getegid: () => engine.user().gid,
  getgroups: () => [engine.user().gid],
  getActiveResourcesInfo: () => [],
  _getActiveRequests: () => [],
  _getActiveHandles: () => [],
  setUncaughtExceptionCaptureCallback(callback) {
    if (callback === null) {
      captureCallback = null;
    } else {
      validateFunction(callback, 'fn');
      captureCallback = callback;
    }
    this._uncaughtExceptionCapture = captureCallback;
  },
  hasUncaughtExceptionCaptureCallback: () => captureCallback !== null,
};
