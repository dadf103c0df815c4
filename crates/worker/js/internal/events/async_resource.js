'use strict';

// An EventEmitter that remembers the asynchronous context in which it was made.

const EventEmitter = require('events');
const { AsyncResource } = require('async_hooks');
const { codes } = require('internal/errors');
const { validateString } = require('internal/validators');

class EventEmitterReferencingAsyncResource extends AsyncResource {
  #eventEmitter;

  constructor(eventEmitter, type, options) {
    super(type, options);
    this.#eventEmitter = eventEmitter;
  }

  get eventEmitter() {
    return this.#eventEmitter;
  }
}

class EventEmitterAsyncResource extends EventEmitter {
  #asyncResource;

  constructor(options = undefined) {
    let name;
    if (typeof options === 'string') {
      name = options;
      options = undefined;
    } else {
      if (new.target === EventEmitterAsyncResource) validateString(options?.name, 'options.name');
      name = options?.name || new.target.name;
    }
    super(options);
    this.#asyncResource = new EventEmitterReferencingAsyncResource(this, name, options);
  }

  emit(event, ...args) {
    return this.#resource().runInAsyncScope(super.emit, this, event, ...args);
  }

  emitDestroy() {
    this.#resource().emitDestroy();
  }

  get asyncId() {
    return this.#resource().asyncId();
  }

  get triggerAsyncId() {
    return this.#resource().triggerAsyncId();
  }

  get asyncResource() {
    return this.#resource();
  }

  #resource() {
    if (this.#asyncResource === undefined) throw new codes.ERR_INVALID_THIS('EventEmitterAsyncResource');
    return this.#asyncResource;
  }
}

module.exports = EventEmitterAsyncResource;
