'use strict';

const { codes } = require('internal/errors');
const { Url, urlFormat, urlParse, urlResolve, urlResolveObject } = require('internal/url/legacy');
const { defineLazy } = require('internal/lazy');

function domainToASCII(domain) {
  if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('domain');
  return binding('url').domainToAscii(`${domain}`.toWellFormed());
}

function domainToUnicode(domain) {
  if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('domain');
  return binding('url').domainToUnicode(`${domain}`.toWellFormed());
}

module.exports = defineLazy({
  Url,
  parse: urlParse,
  resolve: urlResolve,
  resolveObject: urlResolveObject,
  format: urlFormat,
}, {
  URL: () => require('internal/url').URL,
  URLSearchParams: () => require('internal/url').URLSearchParams,
});
Object.assign(module.exports, { domainToASCII, domainToUnicode });
defineLazy(module.exports, {
  pathToFileURL: () => require('internal/url/files').pathToFileURL,
  fileURLToPath: () => require('internal/url/files').fileURLToPath,
  urlToHttpOptions: () => require('internal/url/files').urlToHttpOptions,
});
