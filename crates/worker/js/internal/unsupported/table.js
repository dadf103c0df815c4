'use strict';

// The builtins that are not supported: the names of their functions and classes, and the members that work all the same
// because they are plain data or plain computation.

const { unsupported } = require('internal/unsupported');

/** An object whose functions are all unsupported. */
function group(module, path, names) {
  const made = {};
  for (const name of names.split(' ')) made[name] = unsupported(module, `${path}.${name}`);
  return made;
}

const resolver = 'lookup lookupService Resolver getDefaultResultOrder setDefaultResultOrder setServers getServers ' +
  'resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr ' +
  'resolveSoa resolveSrv resolveTxt reverse';
const inspector = 'open close url waitForDebugger Session';

function resolverErrors() {
  const values = {};
  for (const name of ('NODATA FORMERR SERVFAIL NOTFOUND NOTIMP REFUSED BADQUERY BADNAME BADFAMILY BADRESP ' +
    'CONNREFUSED TIMEOUT FILE NOMEM DESTRUCTION BADSTR BADFLAGS NONAME BADHINTS NOTINITIALIZED LOADIPHLPAPI ' +
    'ADDRGETNETWORKPARAMS CANCELLED').split(' ')) {
    values[name] = `E${name}`;
  }
  values.EOF = 'EOF';
  return values;
}

module.exports = {
  '__proto__': null,
  '_http_common': {
    functions: '_checkInvalidHeaderChar _checkIsHttpToken freeParser HTTPParser isLenient prepareError',
    values: () => ({ CRLF: '\r\n', methods: require('internal/http/names').METHODS }),
  },
  '_http_incoming': {
    functions: 'readStart readStop',
    values: () => ({ IncomingMessage: require('internal/http/incoming').IncomingMessage }),
  },
  '_http_outgoing': {
    functions: 'parseUniqueHeadersOption',
    values: () => {
      const { validateHeaderName, validateHeaderValue } = require('internal/http/names');
      return { OutgoingMessage: require('internal/http/outgoing').OutgoingMessage, validateHeaderName, validateHeaderValue };
    },
  },
  '_http_server': {
    functions: 'Server ServerResponse setupConnectionsTracking storeHTTPOptions _connectionListener ' +
      'httpServerPreClose',
    values: () => ({ STATUS_CODES: require('internal/http/names').STATUS_CODES }),
  },
  '_stream_wrap': { isFunction: true, functions: 'StreamWrap' },
  '_tls_common': { functions: 'SecureContext createSecureContext translatePeerCertificate' },
  '_tls_wrap': { functions: 'TLSSocket Server createServer connect' },
  'child_process': { functions: '_forkChild ChildProcess exec execFile execFileSync execSync fork spawn spawnSync' },
  'cluster': {
    functions: 'Worker setupPrimary setupMaster fork disconnect on once emit off addListener removeListener',
    values: () => ({
      isMaster: true,
      isPrimary: true,
      isWorker: false,
      schedulingPolicy: 2,
      SCHED_NONE: 1,
      SCHED_RR: 2,
      settings: {},
      workers: {},
    }),
  },
  'dgram': { functions: '_createSocketHandle createSocket Socket' },
  'dns': {
    functions: resolver,
    values: () => ({
      ADDRCONFIG: 32,
      ALL: 16,
      V4MAPPED: 8,
      ...resolverErrors(),
      promises: { ...group('dns', 'promises', resolver), ...resolverErrors() },
    }),
  },
  'dns/promises': { functions: resolver, values: resolverErrors },
  'domain': { functions: 'Domain create createDomain', values: () => ({ active: null, _stack: [] }) },
  'http2': {
    functions: 'connect createServer createSecureServer getDefaultSettings getPackedSettings getUnpackedSettings ' +
      'performServerHandshake Http2ServerRequest Http2ServerResponse',
    values: () => ({ constants: {}, sensitiveHeaders: Symbol('nodejs.http2.sensitiveHeaders') }),
  },
  'inspector': { functions: inspector, values: () => ({ console, Network: {} }) },
  'inspector/promises': { functions: inspector, values: () => ({ console, Network: {} }) },
  'net': {
    functions: '_createServerHandle _normalizeArgs BlockList SocketAddress connect createConnection createServer ' +
      'Server Socket Stream getDefaultAutoSelectFamily setDefaultAutoSelectFamily ' +
      'getDefaultAutoSelectFamilyAttemptTimeout setDefaultAutoSelectFamilyAttemptTimeout',
    values: () => require('internal/net_address'),
  },
  'repl': {
    functions: 'start writer REPLServer Recoverable isValidSyntax',
    values: () => ({
      REPL_MODE_SLOPPY: Symbol('repl-sloppy'),
      REPL_MODE_STRICT: Symbol('repl-strict'),
      builtinModules: require('module').builtinModules,
    }),
  },
  'sea': { functions: 'getAsset getRawAsset getAssetAsBlob', values: () => ({ isSea: () => false }) },
  'sqlite': { functions: 'DatabaseSync StatementSync backup', values: () => ({ constants: {} }) },
  'test': {
    isFunction: true,
    functions: 'skip todo only after afterEach before beforeEach describe it run suite test',
    values: () => ({ mock: group('test', 'mock', 'fn getter method reset restoreAll setter timers') }),
  },
  'test/reporters': { functions: 'dot junit spec tap lcov' },
  'tls': {
    functions: 'getCiphers convertALPNProtocols checkServerIdentity createSecureContext SecureContext TLSSocket ' +
      'Server createServer connect createSecurePair',
    values: () => ({
      CLIENT_RENEG_LIMIT: 3,
      CLIENT_RENEG_WINDOW: 600,
      DEFAULT_CIPHERS: '',
      DEFAULT_ECDH_CURVE: 'auto',
      DEFAULT_MIN_VERSION: 'TLSv1.2',
      DEFAULT_MAX_VERSION: 'TLSv1.3',
      rootCertificates: Object.freeze([]),
    }),
  },
  'trace_events': { functions: 'createTracing', values: () => ({ getEnabledCategories() {} }) },
  'v8': {
    functions: 'cachedDataVersionTag getHeapSnapshot getHeapStatistics getHeapSpaceStatistics getHeapCodeStatistics ' +
      'setFlagsFromString Serializer Deserializer DefaultSerializer DefaultDeserializer deserialize takeCoverage ' +
      'stopCoverage serialize writeHeapSnapshot queryObjects setHeapSnapshotNearHeapLimit GCProfiler',
    values: () => ({
      promiseHooks: group('v8', 'promiseHooks', 'createHook onInit onBefore onAfter onSettled'),
      startupSnapshot: { isBuildingSnapshot: () => false },
    }),
  },
  'vm': {
    functions: 'Script createContext createScript runInContext runInNewContext runInThisContext compileFunction ' +
      'measureMemory',
    values: () => ({ isContext: () => false, constants: {} }),
  },
  'wasi': { functions: 'WASI' },
  'worker_threads': {
    functions: 'Worker MessagePort MessageChannel BroadcastChannel markAsUntransferable moveMessagePortToContext ' +
      'postMessageToThread receiveMessageOnPort',
    values: () => {
      const data = new Map();
      return {
        isMainThread: true,
        parentPort: null,
        resourceLimits: {},
        threadId: 0,
        workerData: null,
        SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
        getEnvironmentData: (key) => data.get(key),
        setEnvironmentData: (key, value) => {
          if (value === undefined) data.delete(key);
          else data.set(key, value);
        },
      };
    },
  },
};
