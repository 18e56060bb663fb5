/** Batches (IRCv3 `batch`): the messages between `BATCH +ref` and `BATCH -ref` as a tree. */

/** @import { Message } from "../irc/message.js" */

const MOST_OPEN = 100;
/** Items of all open batches together. */
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

/**
 * @param {Batch} batch
 * @returns {number}
 */
function sizeOf({ items }) {
  return items.reduce((size, item) => size + 1 + (isBatch(item) ? sizeOf(item) : 0), 0);
}

/** The open batches of one connection. */
export class Batches {
  constructor() {
    /** @type {Map<string, Batch>} */
    this.open = new Map();
    this.size = 0;
  }

  /**
   * Take a message; return what is complete now: the message, a batch, or nothing.
   * @param {Message} message
   * @returns {Item|null}
   */
  take(message) {
    const batch = message.tags.get("batch");
    const [reference = ""] = message.params;
    if (message.command === "BATCH" && reference.startsWith("+")) {
      this.begin(reference.slice(1), message);
      return null;
    }
    if (message.command === "BATCH" && reference.startsWith("-")) {
      return this.end(reference.slice(1));
    }
    if (batch === undefined) return message;
    // A part of a batch that is not open has no meaning of its own.
    const parent = this.open.get(batch);
    if (parent) this.add(parent, message);
    return null;
  }

  /**
   * @param {Batch} parent
   * @param {Item} item
   */
  add(parent, item) {
    if (this.size >= MOST_ITEMS) return false;
    this.size += 1;
    parent.items.push(item);
    return true;
  }

  /**
   * @param {string} reference
   * @param {Message} message
   */
  begin(reference, message) {
    if (!reference || this.open.size >= MOST_OPEN || this.open.has(reference)) return;
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
    if (parent && this.add(parent, batch)) return null;
    this.size -= sizeOf(batch);
    return parent ? null : batch;
  }
}
