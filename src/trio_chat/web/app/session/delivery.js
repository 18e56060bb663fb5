/**
 * Delivery of messages that were sent on a connection that was lost: the history decides. What it
 * has was delivered, and the rest is sent again.
 */
import { isMessage } from "../model/entries.js";
import { identity } from "../model/timeline.js";
import { isForOperators } from "./events.js";

/** @import { Entry } from "../model/types.js" */
/** @import { Client } from "./client.js" */
/** @import { Outgoing } from "./outgoing.js" */

/** How much earlier than the page's clock the server's may be. */
const SKEW = 120_000;

/**
 * What is known of the history after a connection: the newest messages besides those of the
 * timeline, without a gap since `from`. `later`: the server could not answer yet. `never`: it
 * shows no history here.
 * @typedef {{entries: readonly Entry[], from: number}|"later"|"never"} Seen
 */

/** The messages of the history, each of which is one message that was sent. */
export class Deliveries {
  /**
   * @param {Client} client
   * @param {Seen} seen
   */
  constructor(client, seen) {
    this.client = client;
    this.seen = seen;
    /** @type {Set<string>} */
    this.taken = new Set();
  }

  /**
   * Return whether a message was delivered; undefined when the history does not say.
   * @param {Outgoing} message
   * @returns {boolean|undefined}
   */
  of(message) {
    if (typeof this.seen === "string") return undefined;
    const since = message.after?.time ?? message.sentAt + this.client.clockAhead - SKEW;
    const entries = [...timelineAfter(message), ...this.seen.entries];
    const found = entries.find(
      (each) => each.time >= since && this.isFree(message, each) && this.isSame(message, each),
    );
    if (found) {
      this.taken.add(identity(found));
      return true;
    }
    return this.seen.from >= since || isForOperators(message.buffer) ? undefined : false;
  }

  /**
   * Return whether an entry came after the message was sent, and is not another one that was sent.
   * @param {Outgoing} message
   * @param {Entry} each
   */
  isFree({ after }, each) {
    return !this.taken.has(identity(each)) && (!after || identity(each) !== identity(after));
  }

  /**
   * @param {Outgoing} message
   * @param {Entry} each
   */
  isSame({ entry }, each) {
    // On the connection that was lost, the user had perhaps another nickname than now.
    const isOwn = each.self || this.client.model.same(each.nick, entry.nick);
    return isOwn && isMessage(each) && each.kind === entry.kind && each.text === entry.text;
  }
}

/**
 * Return the confirmed entries that came after a message was sent.
 * @param {Outgoing} message
 */
function timelineAfter({ buffer: { timeline }, after }) {
  const start = after ? timeline.entries.findLastIndex((each) => isEqual(each, after)) : -1;
  return timeline.entries.slice(start + 1, timeline.end).filter((each) => !each.failed);
}

/**
 * @param {Entry} one
 * @param {Entry} other
 */
function isEqual(one, other) {
  return one === other || (one.msgid !== "" && one.msgid === other.msgid);
}
