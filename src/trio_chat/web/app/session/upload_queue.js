/**
 * Turns of uploads: a few at the same time, and another try when the server asks for one later.
 *
 * The server receives only a few files of an account or an address at once, and other devices and
 * users of the same address have theirs.
 */

/** @import { Clock } from "../model/clock.js" */

const AT_ONCE = 2;
/** Seconds that are waited without telling the user. */
const LONGEST_WAIT = 30;
const MOST_TRIES = 20;

/**
 * An upload that the server refuses: `seconds` is its `Retry-After`, or 0; `isFinal`, whether it
 * never takes this file.
 */
export class UploadRefused extends Error {
  /**
   * @param {string} message
   * @param {number} seconds
   * @param {boolean} [isFinal]
   */
  constructor(message, seconds, isFinal = false) {
    super(message);
    this.seconds = seconds;
    this.isFinal = isFinal;
  }
}

export class UploadQueue {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    this.running = 0;
    /** @type {(() => void)[]} */
    this.waiting = [];
  }

  /**
   * Send a file in its turn, again when the server asks for that.
   * @template T
   * @param {AbortSignal} signal
   * @param {() => Promise<T>} send
   * @returns {Promise<T>}
   * @throws {Error} What `send` throws at last, or the reason of the signal.
   */
  async run(signal, send) {
    await this.turn();
    try {
      for (let tries = 1; ; tries += 1) {
        signal.throwIfAborted();
        try {
          return await send();
        } catch (error) {
          const seconds = error instanceof UploadRefused ? error.seconds : 0;
          if (!seconds || seconds > LONGEST_WAIT || tries >= MOST_TRIES) throw error;
          await this.pause(seconds * 1000, signal);
        }
      }
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  /** @returns {Promise<void>} */
  async turn() {
    if (this.running >= AT_ONCE)
      await new Promise((resolve) => this.waiting.push(() => resolve(undefined)));
    this.running += 1;
  }

  /**
   * @param {number} delay
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  pause(delay, signal) {
    return new Promise((resolve, reject) => {
      const timer = this.clock.start(resolve, delay);
      const stop = () => {
        this.clock.stop(timer);
        reject(signal.reason);
      };
      signal.addEventListener("abort", stop, { once: true });
    });
  }
}
