/**
 * Rows of a timeline: days, the line of unread messages, messages grouped by sender, and folded
 * joins and parts. Rows are plain data, made for the part of the entries that is drawn.
 */

import { dayOf } from "../platform/dates.js";

/** @import { Entry } from "../model/types.js" */

/**
 * @typedef {{type: "day", key: string, time: number}
 *   | {type: "unread", key: string}
 *   | {type: "events", key: string, entries: Entry[]}
 *   | {type: "message", key: string, entry: Entry, first: boolean}} Row
 */

/** @typedef {"folded"|"all"|"none"} EventDisplay */

/**
 * @typedef {object} RowOptions
 * @property {EventDisplay} events
 * @property {number} unreadFrom Time after which entries are unread; 0 for no line.
 * @property {(entry: Entry) => boolean} [hidden] Whether an entry is not shown: its author is
 *   ignored.
 */

const FOLDED = new Set(["join", "part", "quit", "nick", "mode"]);
const MESSAGES = new Set(["message", "action", "notice"]);
const SAME_GROUP = 5 * 60_000;
/** Entries by which a window may be longer so that it does not begin inside of folded events. */
const MOST_FOLDED = 500;

/** @param {Entry} entry */
export function isMessage(entry) {
  return MESSAGES.has(entry.kind);
}

/** @param {Entry} entry */
export function isFolded(entry) {
  return FOLDED.has(entry.kind);
}

/**
 * Return the rows of the entries from `start` to `end`.
 * @param {readonly Entry[]} entries
 * @param {number} start
 * @param {number} end
 * @param {RowOptions} options
 * @returns {Row[]}
 */
export function rowsOf(entries, start, end, options) {
  /** @type {Row[]} */
  const rows = [];
  let previous = entries[start - 1];
  for (let index = start; index < end; index++) {
    const entry = entries[index];
    if (!entry || isHidden(entry, options)) continue;
    if (!previous || dayOf(previous.time) !== dayOf(entry.time)) {
      rows.push({ type: "day", key: `d${entry.id}`, time: entry.time });
    }
    if (startsUnread(previous, entry, options.unreadFrom)) {
      rows.push({ type: "unread", key: "unread" });
    }
    addEntry(rows, previous, entry, options);
    previous = entry;
  }
  return rows;
}

/**
 * @param {Entry} entry
 * @param {RowOptions} options
 */
function isHidden(entry, options) {
  return (options.events === "none" && isFolded(entry)) || options.hidden?.(entry) === true;
}

/**
 * @param {Entry|undefined} previous
 * @param {Entry} entry
 * @param {number} unreadFrom
 */
function startsUnread(previous, entry, unreadFrom) {
  // At the very beginning of what is known, a line would separate nothing.
  return unreadFrom > 0 && entry.time > unreadFrom && !!previous && previous.time <= unreadFrom;
}

/**
 * @param {Row[]} rows
 * @param {Entry|undefined} previous
 * @param {Entry} entry
 * @param {RowOptions} options
 */
function addEntry(rows, previous, entry, options) {
  const last = rows.at(-1);
  if (isFolded(entry) && options.events === "folded") {
    if (last?.type === "events") last.entries.push(entry);
    else rows.push({ type: "events", key: `e${entry.id}`, entries: [entry] });
    return;
  }
  const first = last?.type !== "message" && last !== undefined ? true : !continues(previous, entry);
  rows.push({ type: "message", key: `m${entry.id}`, entry, first });
}

/**
 * Return whether a message belongs to the group of the one before it.
 * @param {Entry|undefined} previous
 * @param {Entry} entry
 */
function continues(previous, entry) {
  return (
    !!previous &&
    entry.kind === "message" &&
    previous.kind === "message" &&
    entry.nick === previous.nick &&
    entry.target === previous.target &&
    !entry.replyTo &&
    entry.time - previous.time < SAME_GROUP
  );
}

/**
 * Return the position at or before `start` at which no folded events are cut in two.
 * @param {readonly Entry[]} entries
 * @param {number} start
 */
export function beginOfFold(entries, start) {
  const least = Math.max(0, start - MOST_FOLDED);
  let found = start;
  while (found > least) {
    const [before, here] = [entries[found - 1], entries[found]];
    if (!before || !here || !isFolded(before) || !isFolded(here)) break;
    found--;
  }
  return found;
}

/**
 * What folded events come to. A user that came and left again within them is in `passed`, one that
 * left and came back in `returned`.
 * @typedef {object} EventSummary
 * @property {string[]} joined
 * @property {string[]} left
 * @property {string[]} passed
 * @property {string[]} returned
 * @property {{from: string, to: string}[]} renamed
 * @property {{by: string, change: string}[]} modes
 */

/**
 * Return what events come to.
 * @param {readonly Entry[]} entries
 * @returns {EventSummary}
 */
export function summary(entries) {
  /** @type {EventSummary} */
  const found = { joined: [], left: [], passed: [], returned: [], renamed: [], modes: [] };
  /** @type {Map<string, {nick: string, first: string, last: string}>} */
  const moves = new Map();
  for (const { kind, nick, target, text } of entries) {
    if (kind === "nick") rename(found, moves, nick, target || text);
    else if (kind === "mode") found.modes.push({ by: nick, change: text });
    else {
      const move = kind === "join" ? "join" : "leave";
      const known = moves.get(nick);
      if (known) known.last = move;
      else moves.set(nick, { nick, first: move, last: move });
    }
  }
  for (const { nick, first, last } of moves.values()) {
    if (first !== last) (last === "join" ? found.returned : found.passed).push(nick);
    else (first === "join" ? found.joined : found.left).push(nick);
  }
  return found;
}

/**
 * @param {EventSummary} found
 * @param {Map<string, {nick: string, first: string, last: string}>} moves
 * @param {string} from
 * @param {string} to
 */
function rename(found, moves, from, to) {
  const known = moves.get(from);
  if (known) {
    moves.delete(from);
    moves.set(to, { ...known, nick: to });
  }
  const chain = found.renamed.find((each) => each.to === from);
  if (chain) chain.to = to;
  else found.renamed.push({ from, to });
}
