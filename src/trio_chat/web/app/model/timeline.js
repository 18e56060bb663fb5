/**
 * Timeline: the messages of one buffer that are in memory, a part of its history without a gap.
 *
 * Messages that are not confirmed stand at the end, so that a confirmed one gets the place that the
 * server gave it. Blocks of the history have the server's order, and are inserted as they are.
 */
import { signal } from "../../vendor/signals-core.js";
import { isMessage, isRemote } from "./entries.js";

/** @import { Entry } from "./types.js" */
/** @import { Pulse } from "./pulse.js" */

/** Entries of one timeline in memory. */
export const MOST_ENTRIES = 100_000;
const DROPPED_AT_ONCE = 5000;
/** Messages that are not in memory, whose reactions and deletions are kept until they are. */
const MOST_ORPHANS = 500;
/** Reactions to one message, and nicknames of one reaction. */
const MOST_REACTIONS = 50;
const MOST_VOTES = 50_000;
const MOST_REACTING = 1000;

/** @typedef {{reaction: string, nick: string, given: boolean, time: number}} Reaction */
/**
 * A place in the history: a message, which perhaps is not shown.
 * @typedef {{msgid: string, time: number}} Reference
 */

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
    /** Nicknames of those that deleted messages that are not in memory. @type {Map<string, string>} */
    this.deletions = new Map();
    /**
     * Where the history before and after this part continues, if that is not at its first or last
     * entry: messages of ignored users and reactions are no entries.
     * @type {Reference|null}
     */
    this.before = null;
    /** @type {Reference|null} */
    this.after = null;
    this.version = signal(0);
    this.hasOlder = signal(false);
    this.live = signal(true);
    this.loading = signal(/** @type {""|"older"|"newer"|"around"} */ (""));
    this.stalled = signal(/** @type {import("./types.js").Stalled|null} */ (null));
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
      const entry = this.entries[index];
      if (entry && isRemote(entry)) return entry;
    }
    return undefined;
  }

  /** The oldest entry that the server has, if there is any. */
  get oldest() {
    return this.entries.find(isRemote);
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
   * Insert those entries of a block of the history that are not there yet: each one behind the
   * entry that is before it in the block, and the first ones before that which follows them.
   * @param {number} index Where a block goes that has nothing in common with the timeline. What
   *   follows a known entry does not stand before it either.
   * @param {readonly Entry[]} block The oldest first.
   * @returns {Entry[]} Those that were not there already.
   */
  merge(index, block) {
    const places = this.placesOf(block);
    if (!places.size && !index) return this.insert(0, block);
    const known = new Set(places.values());
    /** @type {{index: number, entries: Entry[]}[]} */
    const runs = [];
    const first = places.size ? Math.min(...known) : index;
    let place = index && first >= index ? index : first;
    for (const entry of block) {
      const own = places.get(identity(entry));
      if (own !== undefined) {
        place = Math.max(place, own + 1, index);
        continue;
      }
      while (!known.has(place) && this.isBefore(place, entry)) place += 1;
      const last = runs.at(-1);
      if (last?.index === place) last.entries.push(entry);
      else runs.push({ index: place, entries: [entry] });
    }
    // From the end, so that an insertion moves no place of another one.
    return runs.reverse().flatMap((run) => this.insert(run.index, run.entries));
  }

  /**
   * Return whether an entry that the history does not have was sent before another one.
   * @param {number} index
   * @param {Entry} other
   */
  isBefore(index, other) {
    const entry = index < this.end ? this.entries[index] : undefined;
    return entry !== undefined && isRemote(entry) && entry.time < other.time;
  }

  /**
   * Return where the entries of a block are, by their identities.
   * @param {readonly Entry[]} block
   * @returns {Map<string, number>}
   */
  placesOf(block) {
    /** @type {Map<string, number>} */
    const places = new Map();
    const wanted = new Set(
      block.filter((entry) => !entry.msgid || this.byMsgid.has(entry.msgid)).map(identity),
    );
    for (let index = this.end - 1; index >= 0 && places.size < wanted.size; index -= 1) {
      const entry = this.entries[index];
      if (!entry || entry.failed) continue;
      const each = identity(entry);
      if (wanted.has(each) && !places.has(each)) places.set(each, index);
    }
    return places;
  }

  /**
   * Drop the confirmed entries behind one: the timeline is in the past then.
   * @param {Entry} entry
   */
  dropBehind(entry) {
    const start = this.indexOf(entry) + 1;
    const dropped = this.entries.splice(start, this.end - start);
    for (const each of dropped) this.byMsgid.delete(each.msgid);
    this.entries.splice(start, 0, ...dropped.filter((each) => each.failed));
    this.after = null;
    this.live.value = false;
    this.changed();
  }

  /**
   * Replace everything but the messages that are not confirmed, or were not delivered.
   * @param {readonly Entry[]} block
   */
  replace(block) {
    const { end } = this;
    // What was not delivered is nowhere else.
    const kept = this.entries.filter((entry, index) => index >= end || entry.failed);
    this.entries.length = 0;
    this.before = this.after = null;
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
      keep(this.orphans, msgid, [...known, reaction].slice(-500));
      return;
    }
    applyReaction(entry, reaction);
    this.touch(entry);
  }

  /**
   * Delete the text of a message, also of one that is not in memory yet.
   * @param {string} msgid
   * @param {string} by
   */
  redact(msgid, by) {
    const entry = this.find(msgid);
    if (!entry) {
      if (msgid) keep(this.deletions, msgid, by);
      return undefined;
    }
    applyDeletion(entry, by);
    this.touchAnswered(entry);
    this.touch(entry);
    return entry;
  }

  /** @param {Entry} entry */
  touch(entry) {
    entry.revision += 1;
    this.changed();
  }

  /**
   * Have the answered message drawn again: an answer may close a poll.
   * @param {Entry} entry
   */
  touchAnswered({ replyTo }) {
    const answered = this.find(replyTo);
    if (!answered) return;
    answered.revision += 1;
    answered.answered = (answered.answered ?? 0) + 1;
  }

  changed() {
    this.pulse.touch(this.version);
  }

  /** @param {number} number */
  dropOldest(number) {
    const dropped = this.entries.splice(0, Math.min(number, this.end));
    for (const entry of dropped) this.byMsgid.delete(entry.msgid);
    this.before = null;
    if (dropped.some(isRemote)) this.hasOlder.value = true;
    this.changed();
  }

  /** @param {Entry} entry */
  index(entry) {
    this.touchAnswered(entry);
    if (!entry.msgid) return;
    this.byMsgid.set(entry.msgid, entry);
    const deletedBy = this.deletions.get(entry.msgid);
    if (deletedBy !== undefined) {
      this.deletions.delete(entry.msgid);
      applyDeletion(entry, deletedBy);
    }
    const waiting = this.orphans.get(entry.msgid);
    if (!waiting) return;
    this.orphans.delete(entry.msgid);
    // An older page of the history may have come after a newer one.
    waiting.sort((one, other) => one.time - other.time);
    if (isMessage(entry)) for (const reaction of waiting) applyReaction(entry, reaction);
  }
}

/**
 * Return what identifies an entry: its msgid, or with a server that gives none, what it says.
 * @param {Entry} entry
 */
export function identity({ msgid, time, kind, nick, text }) {
  return msgid || `${time} ${kind} ${nick} ${text}`;
}

/**
 * Keep a value until its message is in memory, or others need the room.
 * @template T
 * @param {Map<string, T>} map
 * @param {string} msgid
 * @param {T} value
 */
function keep(map, msgid, value) {
  map.set(msgid, value);
  const [first] = map.keys();
  if (map.size > MOST_ORPHANS && first !== undefined) map.delete(first);
}

/**
 * @param {Entry} entry
 * @param {string} by
 */
function applyDeletion(entry, by) {
  entry.text = "";
  entry.redactedBy = by || entry.nick || "*";
  entry.reactions = entry.votes = null;
  entry.mention = false;
}

/**
 * @param {Entry} entry
 * @param {Reaction} reaction
 */
function applyReaction(entry, { reaction, nick, given, time }) {
  if (entry.redactedBy) return;
  noteVote(entry, `${nick} ${reaction}`, given, time);
  const reactions = entry.reactions ?? new Map();
  const nicks = reactions.get(reaction) ?? new Set();
  const isNew = !reactions.has(reaction);
  if (given && ((isNew && reactions.size >= MOST_REACTIONS) || nicks.size >= MOST_REACTING)) return;
  if (given) nicks.add(nick);
  else nicks.delete(nick);
  if (nicks.size) reactions.set(reaction, nicks);
  else reactions.delete(reaction);
  entry.reactions = reactions.size ? reactions : null;
}

/**
 * Note a vote of a poll, apart from the limits of reactions: others must not be able to fill them.
 * @param {Entry} entry
 * @param {string} vote
 * @param {boolean} given
 * @param {number} time
 */
function noteVote(entry, vote, given, time) {
  if (!entry.text.startsWith("📊") || !/ (?:[1-9]\ufe0f?\u20e3|🔟)$/u.test(vote)) return;
  const votes = (entry.votes ??= new Map());
  votes.delete(vote);
  if (given && votes.size < MOST_VOTES) votes.set(vote, time);
}
