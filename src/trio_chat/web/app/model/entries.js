/** Entries of timelines: messages and events. */

/** @import { Entry, EntryKind } from "./types.js" */

/** Messages that a search finds at most. */
export const MOST_FOUND = 50;

let count = 0;

/**
 * Make an entry. All entries have the same fields in the same order, which keeps them small.
 * @param {EntryKind} kind
 * @param {string} nick
 * @param {string} text
 * @param {number} time
 * @returns {Entry}
 */
export function makeEntry(kind, nick, text, time) {
  count += 1;
  return {
    id: count,
    revision: 0,
    msgid: "",
    time,
    kind,
    nick,
    account: "",
    text,
    target: "",
    replyTo: "",
    reactions: null,
    votes: null,
    redactedBy: "",
    pending: false,
    failed: "",
    mention: false,
    self: false,
    bot: false,
    stored: false,
  };
}

/**
 * Return an entry that was kept, with an id of this page.
 * @param {Entry} kept
 * @returns {Entry}
 */
export function renumbered(kept) {
  return Object.assign(makeEntry(kept.kind, kept.nick, kept.text, kept.time), {
    ...kept,
    id: count,
  });
}

/**
 * Return whether an entry is something that somebody has written.
 * @param {Entry} entry
 */
export function isMessage(entry) {
  return entry.kind === "message" || entry.kind === "action" || entry.kind === "notice";
}

/**
 * Return whether an entry can be unread.
 * @param {Entry} entry
 */
export function countsAsUnread(entry) {
  return isMessage(entry) && !entry.self && !entry.redactedBy;
}

/**
 * Return whether the server sent an entry: such entries can be asked for again.
 * @param {Entry} entry
 */
export function isRemote(entry) {
  return entry.msgid !== "" || entry.stored;
}
