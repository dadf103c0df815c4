'use strict';

// What a readable stream knows about itself.

const { Buffer } = require('buffer');
const { codes } = require('internal/errors');
const { ChunkQueue } = require('internal/streams/chunk_queue');

class ReadableState {
  constructor(options, objectMode, highWaterMark) {
    this.objectMode = objectMode;
    this.highWaterMark = highWaterMark;
    this.buffer = new ChunkQueue();
    /** Bytes, characters or objects in `buffer`. */
    this.length = 0;
    this.pipes = [];
    /** True while data flows by itself, false when paused, null when nobody has asked. */
    this.flowing = null;
    this.paused = null;
    this.ended = false;
    this.endEmitted = false;
    /** Whether `_read` was called and has not answered. */
    this.reading = false;
    this.constructed = true;
    /** Whether `_read` is running, so that events must wait for the next tick. */
    this.sync = true;
    this.needReadable = false;
    this.emittedReadable = false;
    this.readableListening = false;
    this.resumeScheduled = false;
    this.errorEmitted = false;
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.destroyed = false;
    this.errored = null;
    this.closed = false;
    this.closeEmitted = false;
    this.defaultEncoding = 'utf8';
    const defaultEncoding = options?.defaultEncoding;
    if (defaultEncoding != null) {
      if (!Buffer.isEncoding(defaultEncoding)) throw new codes.ERR_UNKNOWN_ENCODING(defaultEncoding);
      this.defaultEncoding = defaultEncoding;
    }
    /** The destination, or with several the set of them, whose 'drain' is awaited. */
    this.awaitDrainWriters = null;
    this.multiAwaitDrain = false;
    this.readingMore = false;
    this.dataEmitted = false;
    this.decoder = null;
    this.encoding = null;
    if (options?.encoding) this.useEncoding(options.encoding);
  }

  useEncoding(encoding) {
    const { StringDecoder } = require('string_decoder');
    this.decoder = new StringDecoder(encoding);
    this.encoding = this.decoder.encoding;
  }

  get pipesCount() {
    return this.pipes.length;
  }

  lengthOf(chunk) {
    return this.objectMode ? 1 : chunk.length;
  }

  /** How many units `read(wanted)` may take now. */
  takeable(wanted) {
    if (wanted <= 0 || (this.length === 0 && this.ended)) return 0;
    if (this.objectMode) return 1;
    if (Number.isNaN(wanted)) {
      // In flowing mode one chunk at a time, else everything.
      return this.flowing && this.length > 0 ? this.buffer.first().length : this.length;
    }
    if (wanted <= this.length) return wanted;
    return this.ended ? this.length : 0;
  }

  /** Takes `count` units out; all of them if `count` is 0 or more than there are. */
  take(count) {
    if (this.length === 0) return null;
    if (this.objectMode) return this.buffer.shift();
    const isText = this.decoder !== null;
    if (!count || count >= this.length) return this.buffer.takeAll(isText, this.length);
    return this.buffer.take(isText, count);
  }

  forgetDrain() {
    if (this.multiAwaitDrain) this.awaitDrainWriters.clear();
    else this.awaitDrainWriters = null;
  }
}

module.exports = { ReadableState };
