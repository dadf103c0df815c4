'use strict';

// Globals that are made when a program first uses them.

const encoding = () => require('internal/encoding');
const events = () => require('internal/event_target');
const abort = () => require('internal/abort_controller');
const url = () => require('internal/url');

module.exports = {
  AbortController: () => abort().AbortController,
  AbortSignal: () => abort().AbortSignal,
  Buffer: () => require('buffer').Buffer,
  CustomEvent: () => events().CustomEvent,
  DOMException: () => require('internal/dom_exception'),
  Event: () => events().Event,
  EventTarget: () => events().EventTarget,
  TextDecoder: () => encoding().TextDecoder,
  TextEncoder: () => encoding().TextEncoder,
  URL: () => url().URL,
  URLSearchParams: () => url().URLSearchParams,
  atob: () => require('internal/buffer/base64').atob,
  btoa: () => require('internal/buffer/base64').btoa,
  structuredClone: () => require('internal/structured_clone').structuredClone,
};
