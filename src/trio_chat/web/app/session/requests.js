/** Requests whose answers are recognised by their labels (IRCv3 `labeled-response`). */
import { _ } from "../platform/i18n.js";
import { isBatch } from "./batches.js";

/** @import { Message } from "../irc/message.js" */
/** @import { Clock } from "../model/clock.js" */
/** @import { Item } from "./batches.js" */

const ANSWER_WITHIN = 60_000;
const LATE = 10_000;
const MOST_WAITING = 1000;

/** There is no connection, or it ended before the server answered. */
export class ConnectionLost extends Error {}

/** The server refuses a request, by a numeric or a standard reply. */
export class Refused extends Error {
  /**
   * @param {string} code
   * @param {string} reason
   */
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

/**
 * @typedef {object} Waiting
 * @property {(items: Item[]) => void} answer
 * @property {(error: Error) => void} fail
 * @property {number} timer
 */

/** The unanswered requests of one connection. */
export class Requests {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Map<string, Waiting>} */
    this.waiting = new Map();
    this.count = 0;
  }

  /**
   * Return a new label. One of the functions is called once: `answer` with what the server sends
   * (nothing for an ACK), or `fail` when it sends nothing.
   * @param {(items: Item[]) => void} answer
   * @param {(error: Error) => void} fail
   */
  add(answer, fail) {
    this.count += 1;
    const label = `r${this.count}`;
    this.waiting.set(label, { answer, fail, timer: 0 });
    this.wait(label);
    const [first] = this.waiting.keys();
    if (this.waiting.size > MOST_WAITING && first) this.waiting.delete(first);
    return label;
  }

  /**
   * Wait for an answer. A timer that is late says that the page has slept: the link finds out
   * whether the connection is still there, and until then nothing has failed.
   * @param {string} label
   */
  wait(label) {
    const waiting = this.waiting.get(label);
    if (!waiting) return;
    const due = this.clock.now() + ANSWER_WITHIN;
    waiting.timer = this.clock.start(() => {
      if (this.clock.now() > due + LATE) {
        this.wait(label);
        return;
      }
      this.waiting.delete(label);
      waiting.fail(new Error(_("The server has not answered.")));
    }, ANSWER_WITHIN);
  }

  /**
   * Take an item with a label; return whether a request was waiting for it.
   * @param {Item} item
   */
  take(item) {
    const label = item.tags.get("label");
    const waiting = label === undefined ? undefined : this.waiting.get(label);
    if (label === undefined || !waiting) return false;
    this.waiting.delete(label);
    this.clock.stop(waiting.timer);
    waiting.answer(itemsOf(item));
    return true;
  }

  /** Fail all requests: the connection has ended. */
  end() {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const each of all) {
      this.clock.stop(each.timer);
      each.fail(new ConnectionLost(_("The connection was lost before the server answered.")));
    }
  }
}

/**
 * @param {Item} item
 * @returns {Item[]}
 */
function itemsOf(item) {
  if (isBatch(item)) return item.type === "labeled-response" ? item.items : [item];
  return item.command === "ACK" ? [] : [item];
}

/**
 * Return the messages of items, those in batches included.
 * @param {readonly Item[]} items
 * @returns {Message[]}
 */
export function flatten(items) {
  return items.flatMap((item) => (isBatch(item) ? flatten(item.items) : [item]));
}
