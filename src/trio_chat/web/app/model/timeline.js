/**
 * Timeline: the messages of one buffer that are in memory, a part of its history without a gap.
 *
 * Messages that are not confirmed stand at the end, so that a confirmed one gets the place that the
 * server gave it. Blocks of the history have the server's order, and are inserted as they are.
 */
import { signal } from "../../vendor/signals-core.js";
import { isMessage } from "./entries.js";

/** @import { Entry } from "./types.js" */
/** @import { Pulse } from "./pulse.js" */

/** Entries of one timeline in memory. */
export const MOST_ENTRIES = 100_000;
const DROPPED_AT_ONCE = 5000;
/** Messages that are not in memory, whose reactions are kept until they are. */
const MOST_ORPHANS = 500;

/** @typedef {{reaction: string, nick: string, given: boolean}} Reaction */

/** The timeline of one buffer. */
export class MessageTimeline {
  /** @param {Pulse} pulse */
  constructor(pulse) {
    this.pulse = pulse;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Map<string, Entry>} */
    this.byMsgid = new Map();
    /** @type {Map<string, Reaction[]>} */
    this.orphans = new Map();
    this.version = signal(0);
    this.hasOlder = signal(false);
    this.live = signal(true);
    this.loading = signal(/** @type {""|"older"|"newer"|"around"} */ (""));
    this.unconfirmed = 0;
  }

  /** @param {string} msgid */
  find(msgid) {
    return msgid ? this.byMsgid.get(msgid) : undefined;
  }

  /** @param {Entry} entry */
  indexOf(entry) {
    return this.entries.lastIndexOf(entry);
  }

  /** The newest entry that the server has, if there is any. */
  get newest() {
    for (let index = this.end - 1; index >= 0; index -= 1) {
      if (this.entries[index]?.msgid) return this.entries[index];
    }
    return undefined;
  }

  /** The oldest entry that the server has, if there is any. */
  get oldest() {
    return this.entries.find((entry) => entry.msgid);
  }

  /** The index behind the last confirmed entry. */
  get end() {
    return this.entries.length - this.unconfirmed;
  }

  /**
   * Add the newest entry; a message that is there already is not added again.
   * @param {Entry} entry
   * @returns {boolean} Whether it was added.
   */
  append(entry) {
    if (entry.msgid && this.byMsgid.has(entry.msgid)) return false;
    this.index(entry);
    if (entry.pending) {
      this.entries.push(entry);
      this.unconfirmed += 1;
    } else if (this.unconfirmed) {
      this.entries.splice(this.end, 0, entry);
    } else {
      this.entries.push(entry);
    }
    if (this.entries.length > MOST_ENTRIES) this.dropOldest(DROPPED_AT_ONCE);
    this.changed();
    return true;
  }

  /**
   * Insert a block of the history.
   * @param {number} index
   * @param {readonly Entry[]} block The oldest first.
   * @returns {Entry[]} Those that were not there already.
   */
  insert(index, block) {
    const added = block.filter((entry) => {
      if (entry.msgid && this.byMsgid.has(entry.msgid)) return false;
      this.index(entry);
      return true;
    });
    // Not by spreading: a block may have more entries than a call may have arguments.
    const rest = this.entries.splice(index);
    for (const entry of added) this.entries.push(entry);
    for (const entry of rest) this.entries.push(entry);
    if (added.length) this.changed();
    return added;
  }

  /**
   * Replace everything but the messages that are not confirmed.
   * @param {readonly Entry[]} block
   */
  replace(block) {
    const kept = this.entries.slice(this.end);
    this.entries.length = 0;
    this.byMsgid.clear();
    for (const entry of kept) this.entries.push(entry);
    this.insert(0, block);
    this.changed();
  }

  /**
   * Give a pending message the place and the identity that the server gave it.
   * @param {Entry} entry
   * @param {string} msgid
   * @param {number} time
   */
  confirm(entry, msgid, time) {
    this.remove(entry);
    entry.pending = false;
    entry.failed = "";
    entry.msgid = msgid;
    entry.time = time;
    entry.revision += 1;
    this.append(entry);
  }

  /**
   * Mark a message as not delivered.
   * @param {Entry} entry
   * @param {string} reason
   */
  fail(entry, reason) {
    this.remove(entry);
    entry.pending = false;
    entry.failed = reason;
    entry.revision += 1;
    this.append(entry);
  }

  /** @param {Entry} entry */
  remove(entry) {
    const index = this.indexOf(entry);
    if (index < 0) return;
    if (index >= this.end) this.unconfirmed -= 1;
    this.entries.splice(index, 1);
    if (entry.msgid) this.byMsgid.delete(entry.msgid);
    this.changed();
  }

  /**
   * Note a reaction, also one to a message that is not in memory yet.
   * @param {string} msgid
   * @param {Reaction} reaction
   */
  react(msgid, reaction) {
    const entry = this.byMsgid.get(msgid);
    if (!entry) {
      const known = this.orphans.get(msgid) ?? [];
      this.orphans.set(msgid, [...known, reaction].slice(-50));
      const [first] = this.orphans.keys();
      if (this.orphans.size > MOST_ORPHANS && first !== undefined) this.orphans.delete(first);
      return;
    }
    applyReaction(entry, reaction);
    this.touch(entry);
  }

  /**
   * Delete the text of a message.
   * @param {string} msgid
   * @param {string} by
   */
  redact(msgid, by) {
    const entry = this.byMsgid.get(msgid);
    if (!entry) return undefined;
    entry.text = "";
    entry.redactedBy = by;
    entry.reactions = null;
    entry.mention = false;
    this.touch(entry);
    return entry;
  }

  /** @param {Entry} entry */
  touch(entry) {
    entry.revision += 1;
    this.changed();
  }

  changed() {
    this.pulse.touch(this.version);
  }

  /** @param {number} number */
  dropOldest(number) {
    const dropped = this.entries.splice(0, Math.min(number, this.end));
    for (const entry of dropped) this.byMsgid.delete(entry.msgid);
    if (dropped.some((entry) => entry.msgid)) this.hasOlder.value = true;
    this.changed();
  }

  /**
   * Drop the newest confirmed entries: the timeline is in the past then.
   * @param {number} number
   */
  dropNewest(number) {
    const start = Math.max(this.end - number, 0);
    const dropped = this.entries.splice(start, this.end - start);
    for (const entry of dropped) this.byMsgid.delete(entry.msgid);
    this.live.value = false;
    this.changed();
  }

  /** @param {Entry} entry */
  index(entry) {
    if (!entry.msgid) return;
    this.byMsgid.set(entry.msgid, entry);
    const waiting = this.orphans.get(entry.msgid);
    if (!waiting) return;
    this.orphans.delete(entry.msgid);
    if (isMessage(entry)) for (const reaction of waiting) applyReaction(entry, reaction);
  }
}

/**
 * @param {Entry} entry
 * @param {Reaction} reaction
 */
function applyReaction(entry, { reaction, nick, given }) {
  if (entry.redactedBy) return;
  const reactions = entry.reactions ?? new Map();
  const nicks = reactions.get(reaction) ?? new Set();
  if (given) nicks.add(nick);
  else nicks.delete(nick);
  if (nicks.size) reactions.set(reaction, nicks);
  else reactions.delete(reaction);
  entry.reactions = reactions.size ? reactions : null;
}
