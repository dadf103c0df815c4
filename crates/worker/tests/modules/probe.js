// Both engines run this in the fixture's folder; it gives one text for each case. What differs in the two engines'
// errors (the engine's own messages for syntax and types) is not part of it.

const { createRequire } = require('module');
const path = require('path');

const root = __dirname;
const req = createRequire(path.join(root, 'main.cjs'));

function show(value, depth = 0) {
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? JSON.stringify(value) : String(value);
  if (depth > 4) return '…';
  if (Array.isArray(value)) return `[${value.map((item) => show(item, depth + 1)).join(', ')}]`;
  const tag = value[Symbol.toStringTag] === 'Module' ? 'Module ' : '';
  const keys = Object.keys(value);
  if (tag) keys.sort();
  return `${tag}{${keys.map((key) => {
    let member;
    try { member = show(value[key], depth + 1); } catch (error) { member = `threw ${error.name}`; }
    return `${key}: ${member}`;
  }).join(', ')}}`;
}

/** Messages that come from the engine, not from the module system. */
const ENGINE_ERRORS = new Set(['SyntaxError', 'TypeError', 'ReferenceError', 'RangeError']);

function showError(error) {
  if (error === null || typeof error !== 'object') return `threw ${String(error)}`;
  if (error.code === undefined && ENGINE_ERRORS.has(error.name) && error.message !== 'on load' && error.message !== 'esm throws') {
    return `threw ${error.name}`;
  }
  let text = `threw ${error.name} ${error.code}: ${error.message}`;
  if (error.requireStack) text += ` stack ${show(error.requireStack)}`;
  if (typeof error.path === 'string') text += ` path ${error.path}`;
  return text;
}

async function attempt(run) {
  try {
    return show(await run());
  } catch (error) {
    return showError(error);
  }
}

const specifiers = [
  './lib/file', './lib/file.js', './lib', './lib/', './lib/.', './lib/..', '.', './', './lib/index', './lib/data',
  './lib/data.json', './lib/bom', './lib/shebang', './lib/throws', './lib/throws-null', './lib/sloppy',
  './lib/syntax', './lib/dir with space/a%20b', './lib/dir with space/a%20b.js', './lib/dir%20with%20space/c%20d.js',
  './lib/dir with space/c d.js', './lib/both', './lib/both/', './lib/both.js', './lib/noext', './lib/odd.ext',
  './lib/ext.js', './lib/ext', './lib/withmain', './lib/dirmain', './lib/badmain', './lib/badmainindex',
  './lib/emptymain', './lib/brokenpkg', './lib/jsonindex', './lib/nope', './nope/nope', '../nope', './lib/file/',
  './lib//file', './lib/./file', './lib/../lib/file.js', `${root}/lib/file.js`, `${root}/lib/file`, `${root}/nope`,
  './lib/cycle-a', './lib/replaced', './lib/esm.mjs', './lib/esm-nodefault.mjs', './lib/esm-tla.mjs',
  './lib/esm-imports-tla.mjs', './lib/esm-throws.mjs', './lib/esm-syntax.mjs',
  './lib/esm-missing-file.mjs', './lib/esm-meta.mjs', './lib/esm-module-exports.mjs', './lib/esm-cycle-a.mjs',
  './lib/typed/a.js', './lib/typed/b.cjs', './lib/typed/sub/c.js', './lib/ambiguous/esm.js', './lib/ambiguous/cjs.js',
  './lib/ambiguous/meta.js', './lib/interop/transpiled.js', './lib/interop/plain.js', './lib/interop/reexport.js',
  './lib/interop/star.js', './lib/interop/fn.js', './lib/interop/primitive.js', './lib/interop/getter.js',
  './lib/interop/order.mjs', './lib/bad.json',
  'dep', 'dep/sub', 'dep/sub.js', 'dep/', 'dep/nope', 'dep/package.json', '@scope/pkg', '@scope/pkg/sub', '@scope/pkg/sub.js',
  '@scope/pkg/pattern/one', '@scope/pkg/pattern/deep/two', '@scope/pkg/pattern/private/x', '@scope/pkg/pattern/nope',
  '@scope/pkg/pattern/../one', '@scope/pkg/pattern/%2e%2e/sub', '@scope/pkg/pattern/node_modules/x',
  '@scope/pkg/json', '@scope/pkg/arr', '@scope/pkg/only-import', '@scope/pkg/nested', '@scope/pkg/up', '@scope/pkg/modules',
  '@scope/pkg/missing', '@scope/pkg/folder', '@scope/pkg/features/one.js', '@scope/pkg/features/deep/two.js',
  '@scope/pkg/module-sync', '@scope/pkg/browser-first', '@scope/pkg/no-match', '@scope/pkg/package.json', '@scope/pkg/',
  '@scope/nope', '@scope', 'sugar', 'sugar/s.js', 'mixed', 'noexports', 'nomain', 'plainfile', 'plainfile.js', 'esmonly',
  'legacyesm', 'legacyesm/other.js', 'legacyesm/other', 'selfref', 'selfref/inner', 'selfref/nope', 'nested', 'numeric',
  'shadow/lib/x.js', 'shadow/x.js', 'nope', 'nope/sub', '%2e/x', 'a%20b', '#dep', '#file', '#fs', '#dual', '#x/file',
  '#x/nope', '#null', '#bad', '#missing', '#nope', '#', '#/x', '#x/', '#pkg/sub', 'root', 'root/self', 'root/nope',
  'root/lib/file.js', 'node:fs', 'node:nope', 'node:test', 'test', 'fs/nope', 'node:fs/promises',
];

/** Builtins are compared by name only. */
function shorten(value) {
  if (value === require('fs')) return 'builtin fs';
  if (value === require('fs/promises')) return 'builtin fs/promises';
  return value;
}

module.exports = async function probe() {
  const results = {};
  for (const specifier of specifiers) {
    results[`resolve ${specifier}`] = await attempt(() => req.resolve(specifier));
    results[`require ${specifier}`] = await attempt(() => {
      const value = shorten(req(specifier));
      return specifier.endsWith('test') ? typeof value : value;
    });
  }
  const importer = path.join(root, 'importer.mjs');
  const { importFrom } = req(importer);
  for (const specifier of specifiers) {
    results[`import ${specifier}`] = await attempt(async () => {
      const namespace = await importFrom(specifier);
      if (/(^|:|#)(fs|test)/.test(specifier)) return Object.keys(namespace).includes('default');
      return namespace;
    });
  }
  for (const specifier of [`file://${root}/lib/esm.mjs`, `file://${root}/lib/esm.mjs?x=1#y`, './lib/esm.mjs?query', 'data:text/javascript,1', 'https://example.org/x.js', 'file:///nope.mjs', './lib/esm%2emjs', './lib%2fesm.mjs', './lib/counter.js?1']) {
    results[`import ${specifier}`] = await attempt(() => importFrom(specifier)).then((text) => text.replace(/default: \[function counter\]/, ''));
  }
  results['json import'] = await attempt(() => req('./json-importer.mjs'));
  results['cache'] = await attempt(() => {
    const a = req('./lib/counter.js');
    a();
    const b = req('./lib/counter');
    const key = req.resolve('./lib/counter');
    const cached = req.cache[key];
    delete req.cache[key];
    const c = req('./lib/counter');
    return [a === b, b(), c(), cached.loaded, cached.id === key, Object.keys(req.cache).includes(key)];
  });
  results['info'] = await attempt(() => ({ ...req('./lib/info.js') }));
  results['resolve paths'] = await attempt(() => [
    req.resolve('dep', { paths: [path.join(root, 'node_modules/nested')] }),
    req.resolve('./file', { paths: [path.join(root, 'lib')] }),
    req.resolve.paths('dep').slice(0, 2),
    req.resolve.paths('./x'),
    req.resolve.paths('fs'),
  ]);
  results['resolve paths missing'] = await attempt(() => req.resolve('dep', { paths: ['/'] }));
  results['failed module is not cached'] = await attempt(() => {
    const key = path.join(root, 'lib/throws.js');
    const was = req.cache[key];
    return [was === undefined, (() => { try { req('./lib/throws'); } catch (error) { return error.message; } })()];
  });
  results['same instance'] = await attempt(async () => {
    const fromRequire = req('./lib/esm.mjs');
    const fromImport = await importFrom('./lib/esm.mjs');
    fromRequire.bump();
    const cjs = await importFrom('./lib/interop/plain.js');
    return [fromImport.live > 0, fromRequire.live === fromImport.live, cjs.default === req('./lib/interop/plain.js')];
  });
  results['extensions'] = await attempt(() => Object.keys(req.extensions));
  results['hooked extension'] = await attempt(() => {
    req.extensions['.odd'] = (module, filename) => { module.exports = path.basename(filename); };
    return req('./lib/hooked.odd');
  });
  results['patched compile'] = await attempt(() => {
    const { Module } = require('module');
    const original = Module.prototype._compile;
    const seen = [];
    Module.prototype._compile = function(content, filename) {
      seen.push(path.basename(filename));
      return original.call(this, content.replace('patched: 1', 'patched: 2'), filename);
    };
    const value = req('./lib/patched.js');
    Module.prototype._compile = original;
    return [value, seen];
  });
  results['module from text'] = await attempt(() => {
    const { Module } = require('module');
    const module = new Module('/virtual/x.js');
    module._compile('module.exports = [__filename, __dirname, typeof require]', '/virtual/x.js');
    return module.exports;
  });
  results['errors twice'] = await attempt(async () => {
    const messages = [];
    for (let turn = 0; turn < 2; turn++) {
      for (const file of ['./lib/esm-missing-file.mjs', './lib/esm-missing-name.mjs', './lib/esm-throws.mjs']) {
        try { await importFrom(file); } catch (error) { messages.push(error.code ?? error.name); }
      }
    }
    return messages;
  });
  results['broken cycle'] = await attempt(async () => {
    const messages = [];
    for (const file of ['./lib/broken-a.mjs', './lib/broken-b.mjs', './lib/broken-a.mjs']) {
      try { await importFrom(file); } catch (error) { messages.push(error.code ?? error.name); }
    }
    return messages;
  });
  return results;
};
