// Each entry loads a package and does something useful with it: what it does, and what must come out.
const path = require('path');

const checks = {
  semver: [() => require('semver').maxSatisfying(['1.2.3', '1.9.0', '2.0.0'], '^1.2'), '1.9.0'],
  'ansi-styles': [() => def('ansi-styles').red.open + 'x', '\u001b[31mx'],
  debug: [() => { const d = require('debug'); d.enable('a:*'); return [d.enabled('a:b'), d.enabled('c')]; }, [true, false]],
  minimatch: [() => named('minimatch', 'minimatch')('src/a/b.js', 'src/**/*.js'), true],
  'strip-ansi': [() => def('strip-ansi')('\u001b[31mred\u001b[0m'), 'red'],
  chalk: [() => new (named('chalk', 'Chalk'))({ level: 1 }).red.bold('x'), '\u001b[31m\u001b[1mx\u001b[22m\u001b[39m'],
  'supports-color': [() => def('supports-color').stdout, false],
  'string-width': [() => def('string-width')('古a\u001b[1m'), 3],
  'ansi-regex': [() => def('ansi-regex')().test('\u001b[4mcake'), true],
  ms: [() => [require('ms')('2 days'), require('ms')(60000)], [172800000, '1m']],
  'lru-cache': [() => { const c = new (named('lru-cache', 'LRUCache'))({ max: 2 }); c.set('a', 1); c.set('b', 2); c.get('a'); c.set('c', 3); return [...c.keys()]; }, ['c', 'a']],
  'brace-expansion': [() => named('brace-expansion', 'expand')('a{1..3}{x,y}').length, 6],
  tslib: [() => require('tslib').__rest({ a: 1, b: 2 }, ['a']), { b: 2 }],
  'emoji-regex': [() => 'a😀b👍'.match(def('emoji-regex')()).length, 2],
  'wrap-ansi': [() => def('wrap-ansi')('the quick brown fox', 10), 'the quick\nbrown fox'],
  commander: [() => { const c = new (named('commander', 'Command'))(); c.option('-n, --name <x>').argument('<f>'); c.parse(['-n', 'y', 'file'], { from: 'user' }); return [c.opts().name, c.args]; }, ['y', ['file']]],
  glob: [() => named('glob', 'globSync')('*.js', { cwd: __dirname }), ['index.js']],
  'color-name': [() => def('color-name').tomato, [255, 99, 71]],
  'color-convert': [() => def('color-convert').rgb.hex(255, 0, 128), 'FF0080'],
  'source-map': [() => { const g = new (require('source-map').SourceMapGenerator)({ file: 'o.js' }); g.addMapping({ generated: { line: 1, column: 0 }, original: { line: 2, column: 3 }, source: 'i.js' }); return JSON.parse(g.toString()).mappings; }, 'AACG'],
  'has-flag': [() => def('has-flag')('color', ['--color', '--', '--other']), true],
  'readable-stream': [async () => { const { Readable } = require('readable-stream'); let s = ''; for await (const c of Readable.from(['a', 'b'])) s += c; return s; }, 'ab'],
  picomatch: [() => require('picomatch')('*.{js,ts}')('a.ts'), true],
  ajv: [() => { const A = require('ajv'); const v = new (A.default || A)().compile({ type: 'object', required: ['a'], properties: { a: { type: 'integer' } } }); return [v({ a: 1 }), v({ a: 'x' })]; }, [true, false]],
  'safe-buffer': [() => require('safe-buffer').Buffer.from('hi').toString('hex'), '6869'],
  'escape-string-regexp': [() => def('escape-string-regexp')('a.b*c'), 'a\\.b\\*c'],
  uuid: [() => [named('uuid', 'validate')(named('uuid', 'v4')()), named('uuid', 'v5')('x', '6ba7b810-9dad-11d1-80b4-00c04fd430c8').length], [true, 36]],
  yallist: [() => named('yallist', 'Yallist').create([1, 2, 3]).map(x => x * 2).toArray(), [2, 4, 6]],
  'signal-exit': [() => typeof named('signal-exit', 'onExit')(() => {}), 'function'],
  'react-is': [() => require('react-is').isElement({}), false],
  'is-fullwidth-code-point': [() => def('is-fullwidth-code-point')('谢'.codePointAt(0)), true],
  which: [() => { const w = require('which'); const sync = (w.whichSync || w.sync || w.default.sync); return sync('no-such-program', { nothrow: true, path: '/nowhere' }); }, null],
  'p-limit': [async () => { const limit = def('p-limit')(1); return Promise.all([1, 2, 3].map(x => limit(async () => x * 2))); }, [2, 4, 6]],
  'json-schema-traverse': [() => { let n = 0; require('json-schema-traverse')({ properties: { a: { type: 'string' }, b: {} } }, () => { n++; }); return n; }, 3],
  'find-up': [() => path.basename(named('find-up', 'findUpSync')('index.js', { cwd: __dirname })), 'index.js'],
  'locate-path': [() => named('locate-path', 'locatePathSync')(['none.js', 'index.js'], { cwd: __dirname }), 'index.js'],
  'p-locate': [() => def('p-locate')([1, 2, 3], async x => x > 1), 2],
  'mime-db': [() => require('mime-db')['application/json'].extensions, ['json', 'map']],
  'eslint-visitor-keys': [() => require('eslint-visitor-keys').KEYS.IfStatement, ['test', 'consequent', 'alternate']],
  minipass: [async () => { const m = new (require('minipass').Minipass)({ encoding: 'utf8' }); m.write('a'); m.end('b'); return m.concat(); }, 'ab'],
  'glob-parent': [() => require('glob-parent')('a/b/*.js'), 'a/b'],
  'iconv-lite': [() => require('iconv-lite').encode('äé', 'latin1').toString('hex') + require('iconv-lite').decode(Buffer.from([0x82, 0xa0]), 'shift_jis'), 'e4e9あ'],
  string_decoder: [() => { const d = new (require('string_decoder/').StringDecoder)('utf8'); return d.write(Buffer.from([0xe2, 0x82])) + d.write(Buffer.from([0xac])); }, '€'],
  'js-yaml': [() => { const y = require('js-yaml'); return y.load(y.dump({ a: [1, { b: 'x' }] })); }, { a: [1, { b: 'x' }] }],
  isarray: [() => [require('isarray')([]), require('isarray')({})], [true, false]],
  'mime-types': [() => [require('mime-types').lookup('a.html'), require('mime-types').extension('text/css')], ['text/html', 'css']],
  '@babel/types': [() => require('@babel/types').isIdentifier(require('@babel/types').identifier('x'), { name: 'x' }), true],
  '@babel/code-frame': [() => require('@babel/code-frame').codeFrameColumns('let x\nlet y', { start: { line: 2, column: 1 } }, { highlightCode: false }).includes('> 2 | let y'), true],
  globals: [() => def('globals').browser.window, false],
  'path-key': [() => def('path-key')({ env: {}, platform: 'linux' }), 'PATH'],
  'yargs-parser': [() => { const r = def('yargs-parser')('--a=1 -b x --no-c'); return [r.a, r.b, r.c]; }, [1, 'x', false]],
  ws: [() => { const { WebSocket } = require('ws'); return [WebSocket.OPEN, typeof WebSocket.prototype.send]; }, [1, 'function']],
  resolve: [() => path.basename(require('resolve').sync('./index.js', { basedir: __dirname })), 'index.js'],
  'get-stream': [async () => def('get-stream')(require('stream').Readable.from(['x', 'y'])), 'xy'],
  argparse: [() => { const p = new (require('argparse').ArgumentParser)(); p.add_argument('--n', { type: 'int' }); return p.parse_args(['--n', '3']).n; }, 3],
  '@babel/parser': [() => require('@babel/parser').parse('const x: number = 1', { plugins: ['typescript'] }).program.body[0].type, 'VariableDeclaration'],
  yargs: [() => { const r = def('yargs')(['--size', '3', 'go']).option('size', { type: 'number' }).help(false).version(false).parseSync(); return [r.size, r._]; }, [3, ['go']]],
  'pretty-format': [() => named('pretty-format', 'format')({ b: [1, 'x'], a: new Map([[1, 2]]) }, { min: true }), '{"a": Map {1 => 2}, "b": [1, "x"]}'],
  ignore: [() => { const i = require('ignore'); return (i.default || i)().add('*.log\n!keep.log').filter(['a.log', 'keep.log', 'b.js']); }, ['keep.log', 'b.js']],
  acorn: [() => require('acorn').parse('a ?? b', { ecmaVersion: 2022 }).body[0].expression.operator, '??'],
};

// What `import x from` would give.
function def(name) {
  const module = require(name);
  return module && module.default !== undefined ? module.default : module;
}

// What `import { x } from` would give.
function named(name, part) {
  const module = require(name);
  return part in module ? module[part] : module.default && part in module.default ? module.default[part] : module;
}

exports.names = () => Object.keys(checks);
exports.check = async name => {
  const [run, expected] = checks[name];
  return { got: await run(), expected };
};
