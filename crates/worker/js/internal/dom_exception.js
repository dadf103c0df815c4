'use strict';

const { captureStack } = require('internal/errors');

// Names with their legacy codes, in the order of the constants; a name starting with "-" has only the constant.
const NAMES = [
  'IndexSizeError INDEX_SIZE_ERR', '- DOMSTRING_SIZE_ERR', 'HierarchyRequestError HIERARCHY_REQUEST_ERR',
  'WrongDocumentError WRONG_DOCUMENT_ERR', 'InvalidCharacterError INVALID_CHARACTER_ERR', '- NO_DATA_ALLOWED_ERR',
  'NoModificationAllowedError NO_MODIFICATION_ALLOWED_ERR', 'NotFoundError NOT_FOUND_ERR',
  'NotSupportedError NOT_SUPPORTED_ERR', 'InUseAttributeError INUSE_ATTRIBUTE_ERR',
  'InvalidStateError INVALID_STATE_ERR', 'SyntaxError SYNTAX_ERR',
  'InvalidModificationError INVALID_MODIFICATION_ERR', 'NamespaceError NAMESPACE_ERR',
  'InvalidAccessError INVALID_ACCESS_ERR', '- VALIDATION_ERR', 'TypeMismatchError TYPE_MISMATCH_ERR',
  'SecurityError SECURITY_ERR', 'NetworkError NETWORK_ERR', 'AbortError ABORT_ERR',
  'URLMismatchError URL_MISMATCH_ERR', 'QuotaExceededError QUOTA_EXCEEDED_ERR', 'TimeoutError TIMEOUT_ERR',
  'InvalidNodeTypeError INVALID_NODE_TYPE_ERR', 'DataCloneError DATA_CLONE_ERR',
];
const codeByName = new Map();

class DOMException {
  #name;
  #message;

  constructor(message = '', options = 'Error') {
    if (options !== null && typeof options === 'object') {
      const { name = 'Error' } = options;
      this.#name = `${name}`;
      if ('cause' in options) {
        Object.defineProperty(this, 'cause', {
          value: options.cause, configurable: true, writable: true, enumerable: false,
        });
      }
    } else {
      this.#name = `${options}`;
    }
    this.#message = `${message}`;
    captureStack(this, this.#message === '' ? this.#name : `${this.#name}: ${this.#message}`, DOMException);
  }

  get name() {
    return this.#name;
  }

  get message() {
    return this.#message;
  }

  get code() {
    return codeByName.get(this.#name) ?? 0;
  }
}

Object.setPrototypeOf(DOMException.prototype, Error.prototype);
Object.defineProperties(DOMException.prototype, {
  [Symbol.toStringTag]: { value: 'DOMException', configurable: true },
  name: { enumerable: true },
  message: { enumerable: true },
  code: { enumerable: true },
});

NAMES.forEach((row, index) => {
  const [name, constant] = row.split(' ');
  if (name !== '-') codeByName.set(name, index + 1);
  const property = { value: index + 1, enumerable: true };
  Object.defineProperty(DOMException, constant, property);
  Object.defineProperty(DOMException.prototype, constant, property);
});

module.exports = DOMException;
