/** Batches (IRCv3 `batch`): the messages between `BATCH +ref` and `BATCH -ref` as a tree. */

/** @import { Message } from "../irc/message.js" */

const MOST_OPEN = 100;
const MOST_ITEMS = 20_000;

/**
 * @typedef {object} Batch
 * @property {string} type
 * @property {string[]} params
 * @property {Map<string, string>} tags Of the line that opened it.
 * @property {string} source
 * @property {string} nick
 * @property {Item[]} items
 */
/** @typedef {Message|Batch} Item */

/**
 * @param {Item} item
 * @returns {item is Batch}
 */
export function isBatch(item) {
  return "items" in item;
}

/** The open batches of one connection. */
export class Batches {
  constructor() {
    /** @type {Map<string, Batch>} */
    this.open = new Map();
  }

  /**
   * Take a message; return what is complete now: the message, a batch, or nothing.
   * @param {Message} message
   * @returns {Item|null}
   */
  take(message) {
    const parent = this.open.get(message.tags.get("batch") ?? "");
    const [reference = ""] = message.params;
    if (message.command === "BATCH" && reference.startsWith("+")) {
      this.begin(reference.slice(1), message);
      return null;
    }
    if (message.command === "BATCH" && reference.startsWith("-")) {
      return this.end(reference.slice(1));
    }
    if (!parent) return message;
    if (parent.items.length < MOST_ITEMS) parent.items.push(message);
    return null;
  }

  /**
   * @param {string} reference
   * @param {Message} message
   */
  begin(reference, message) {
    if (!reference || this.open.size >= MOST_OPEN) return;
    const [, type = "", ...params] = message.params;
    const { tags, source, nick } = message;
    this.open.set(reference, { type, params, tags, source, nick, items: [] });
  }

  /** @param {string} reference */
  end(reference) {
    const batch = this.open.get(reference);
    if (!batch) return null;
    this.open.delete(reference);
    const parent = this.open.get(batch.tags.get("batch") ?? "");
    if (!parent) return batch;
    parent.items.push(batch);
    return null;
  }
}
