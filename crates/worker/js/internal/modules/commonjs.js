'use strict';

// CommonJS: `require`, and the `Module` that programs look into and patch.
//
// Where modules are is decided in Rust; the functions that Node lets programs replace (`_resolveFilename`, `_load`,
// `_extensions`, `_compile`) are used by the loader itself, so that replacing them has Node's effect.

const { moduleError } = require('internal/modules/errors');
const { builtinExists, requireBuiltin } = require('internal/builtins');

const modules = binding('modules');
const { apply } = Reflect;

function folderOf(file) {
  return file.slice(0, file.lastIndexOf('/')) || '/';
}

/** Which module asked for a module first, for the list in the message when one is missing. */
const parents = new WeakMap();
const pathsOf = new WeakMap();
/** `folder\0request` to file, for requests that are relative. */
const relative = Object.create(null);

function Module(id = '', parent = undefined) {
  this.id = id;
  this.path = folderOf(id);
  this.exports = {};
  parents.set(this, parent);
  adopt(parent, this);
  this.filename = null;
  this.loaded = false;
  this.children = [];
}

function adopt(parent, child) {
  if (parent?.children !== undefined && !parent.children.includes(child)) parent.children.push(child);
}

Module._cache = Object.create(null);
Module._pathCache = Object.create(null);
Module._extensions = Object.create(null);
Module.globalPaths = [];
Module._debug = () => {};
Module.Module = Module;

const wrapper = ['(function (exports, require, module, __filename, __dirname) { ', '\n});'];
Module.wrapper = wrapper;
Module.wrap = (script) => wrapper[0] + script + wrapper[1];

Object.defineProperty(Module.prototype, 'parent', {
  configurable: true,
  get() {
    return parents.get(this);
  },
  set(value) {
    parents.set(this, value);
  },
});

// Nobody looks at the list of folders, as a rule: it is made when somebody does.
Object.defineProperty(Module.prototype, 'paths', {
  configurable: true,
  get() {
    let paths = pathsOf.get(this);
    if (paths === undefined) pathsOf.set(this, paths = Module._nodeModulePaths(this.path));
    return paths;
  },
  set(value) {
    pathsOf.set(this, value);
  },
});

Module._nodeModulePaths = function(from) {
  return modules.lookupPaths(`${from}`);
};

Module._resolveLookupPaths = function(request, parent) {
  if (builtinExists(request)) return null;
  if (/^\.\.?(\/|$)/.test(request)) return [parent?.filename ? folderOf(parent.filename) : '.'];
  return parent?.paths ?? Module._nodeModulePaths(parent?.filename ? folderOf(parent.filename) : '/');
};

function requireStack(parent) {
  const stack = [];
  for (let cursor = parent; cursor && stack.length < 100; cursor = parents.get(cursor)) {
    stack.push(cursor.filename || cursor.id);
  }
  return stack;
}

Module._findPath = function(request, paths) {
  for (const path of paths ?? ['/']) {
    try {
      return modules.resolve(request, `${path}/noop.js`, [path]);
    } catch (error) {
      if (error?.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return false;
};

Module._resolveFilename = function(request, parent, isMain = false, options = undefined) {
  let paths;
  if (options !== null && typeof options === 'object') {
    if (Array.isArray(options.paths)) {
      const isRelative = /^\.\.?(\/|$)/.test(request);
      paths = isRelative ? options.paths : options.paths.flatMap((path) => Module._nodeModulePaths(path));
    } else if (options.paths !== undefined) {
      const { codes } = require('internal/errors');
      throw new codes.ERR_INVALID_ARG_VALUE('options.paths', options.paths);
    }
  } else if (parent !== undefined && parent !== null) {
    // A program may have added folders.
    paths = pathsOf.get(parent);
    if (paths !== undefined && /^\.\.?(\/|$)/.test(request)) paths = undefined;
  }
  const from = parent?.filename || parent?.id;
  try {
    return modules.resolve(request, from?.startsWith('/') ? from : `${process.cwd()}/noop.js`, paths);
  } catch (error) {
    if (error?.code === 'MODULE_NOT_FOUND' && error.path === undefined) {
      const stack = requireStack(parent);
      if (stack.length > 0) error.message += `\nRequire stack:\n- ${stack.join('\n- ')}`;
      error.requireStack = stack;
    }
    throw error;
  }
};

Module._load = function(request, parent, isMain) {
  let key;
  if (parent?.path !== undefined && (request.startsWith('./') || request.startsWith('../'))) {
    key = `${parent.path}\0${request}`;
    const filename = relative[key];
    if (filename !== undefined) {
      const cached = Module._cache[filename];
      if (cached !== undefined) {
        adopt(parent, cached);
        return cached.exports;
      }
      delete relative[key];
    }
  }
  if (request.startsWith('node:')) {
    if (!builtinExists(request.slice(5))) {
      throw moduleError('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${request}`);
    }
    return requireBuiltin(request.slice(5));
  }
  const filename = Module._resolveFilename(request, parent, isMain);
  const cached = Module._cache[filename];
  if (cached !== undefined) {
    adopt(parent, cached);
    return cached.exports;
  }
  if (filename.startsWith('node:')) return requireBuiltin(filename.slice(5));
  if (!filename.startsWith('/') && builtinExists(filename)) return requireBuiltin(filename);

  const module = new Module(filename, parent);
  Module._cache[filename] = module;
  if (key !== undefined) relative[key] = filename;
  let done = false;
  try {
    module.load(filename);
    done = true;
  } finally {
    if (!done) {
      delete Module._cache[filename];
      if (key !== undefined) delete relative[key];
      const index = parent?.children?.indexOf(module) ?? -1;
      if (index >= 0) parent.children.splice(index, 1);
    }
  }
  return module.exports;
};

/** The longest extension that is registered, or `.js`. */
function registeredExtension(filename) {
  const name = filename.slice(filename.lastIndexOf('/') + 1);
  for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const extension = name.slice(dot);
    if (Module._extensions[extension] !== undefined) return extension;
  }
  return '.js';
}

Module.prototype.load = function(filename) {
  this.filename = filename;
  this.path = folderOf(filename);
  Module._extensions[registeredExtension(filename)](this, filename);
  this.loaded = true;
};

Module.prototype.require = function(id) {
  const { validateString } = require('internal/validators');
  validateString(id, 'id');
  if (id === '') {
    const { codes } = require('internal/errors');
    throw new codes.ERR_INVALID_ARG_VALUE('id', id, 'must be a non-empty string');
  }
  return Module._load(id, this, false);
};

function evaluate(module, filename, compiled) {
  const require = makeRequire(module);
  return apply(compiled, module.exports, [module.exports, require, module, filename, folderOf(filename)]);
}

Module.prototype._compile = function(content, filename) {
  return evaluate(this, filename, modules.compileText(`${content}`, filename));
};
const originalCompile = Module.prototype._compile;

Module._extensions['.js'] = function(module, filename) {
  if (module._compile !== originalCompile) {
    // Somebody wants to see the text.
    module._compile(modules.readText(filename), filename);
    return;
  }
  const compiled = modules.compile(filename);
  if (compiled === undefined) module.exports = modules.requireModule(filename);
  else evaluate(module, filename, compiled);
};

Module._extensions['.json'] = function(module, filename) {
  const text = modules.readText(filename);
  try {
    module.exports = JSON.parse(text);
  } catch (error) {
    error.message = `${filename}: ${error.message}`;
    throw error;
  }
};

Module._extensions['.node'] = function(module, filename) {
  throw moduleError(
    'Error',
    'ERR_DLOPEN_FAILED',
    `Native add-ons cannot be loaded by the embedded engine: ${filename}. Set "engine": "node" in skill.json.`,
  );
};

/** What `require.main` is: no module of the program, because the program is a part of another. */
let main;

function makeRequire(module) {
  function require(path) {
    return module.require(path);
  }
  function resolve(request, options) {
    const { validateString } = requireBuiltin('internal/validators');
    validateString(request, 'request');
    const filename = Module._resolveFilename(request, module, false, options);
    return filename.startsWith('node:') && !request.startsWith('node:') ? request : filename;
  }
  resolve.paths = function paths(request) {
    return Module._resolveLookupPaths(request, module);
  };
  require.resolve = resolve;
  require.main = main;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}

/** Makes the module that `require.main` names, for programs that look at its path. */
function setMain(filename) {
  main = new Module('.', undefined);
  main.filename = filename;
  main.path = folderOf(filename);
}

/** A `require` that looks from `filename`, a path or a file URL. */
function createRequire(filename) {
  const { codes } = require('internal/errors');
  let path = filename;
  if (typeof filename === 'object' && filename !== null && typeof filename.href === 'string') path = filename.href;
  if (typeof path === 'string' && path.startsWith('file://')) {
    path = require('url').fileURLToPath(path);
  } else if (typeof path !== 'string' || !path.startsWith('/')) {
    throw new codes.ERR_INVALID_ARG_VALUE(
      'filename',
      filename,
      'must be a file URL object, file URL string, or absolute path string',
    );
  }
  const module = new Module(path, undefined);
  module.filename = path.endsWith('/') ? `${path}noop.js` : path;
  module.path = folderOf(path);
  return makeRequire(module);
}

/** The exports of the CommonJS module that an ES module imports. */
function loadForImport(filename) {
  const cached = Module._cache[filename];
  if (cached !== undefined) return cached.exports;
  return Module._load(filename, undefined, false);
}

Module.createRequire = createRequire;

module.exports = { Module, createRequire, loadForImport, setMain };
