/** The polls of a conversation: messages that are polls, with their votes, and what closes them. */
import { messageLines } from "../irc/split.js";
import { byteLength } from "../irc/message.js";
import {
  LINE_ROOM,
  optionOf,
  pollText,
  readPoll,
  readResult,
  resultText,
  voteFor,
  votersOf,
} from "../irc/polls.js";

/** @import { Actions, Buffer, Entry, Limits } from "./types.js" */
/** @import { Poll } from "../irc/polls.js" */

/**
 * A poll and its votes.
 * @typedef {object} ShownPoll
 * @property {Entry} entry
 * @property {Poll} poll
 * @property {string[][]} voters The nicknames of those that chose each option.
 * @property {number[]} counts
 * @property {number} total How many users have voted.
 * @property {boolean} closed
 * @property {string[]} mine The user's own reactions that are votes, the first one first.
 */

/**
 * Return the poll that an entry is, null for any other entry.
 * @param {Pick<Buffer, "timeline">} buffer
 * @param {Entry} entry
 * @param {string} me The nickname of the user.
 * @returns {ShownPoll|null}
 */
export function pollOf(buffer, entry, me) {
  const isMessage = entry.kind === "message" || entry.kind === "notice";
  const poll = isMessage && !entry.redactedBy ? readPoll(entry.text) : null;
  if (!poll) return null;
  const reactions = reactionsOf(entry);
  const voters = votersOf(poll, entry.nick, reactions, entry.bot);
  const result = resultOf(buffer, entry, poll);
  return {
    entry,
    poll,
    voters,
    counts: result ?? voters.map((nicks) => nicks.length),
    total: new Set(voters.flat()).size,
    closed: result !== null,
    mine: (reactions.get(me) ?? []).filter((sign) => optionOf(poll, sign) >= 0),
  };
}

/**
 * Return the polls of a conversation, the newest first.
 * @param {Pick<Buffer, "timeline">} buffer
 * @param {string} me
 */
export function* pollsOf(buffer, me) {
  const { entries } = buffer.timeline;
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index];
    const shown = entry?.msgid && entry.text.startsWith("📊") ? pollOf(buffer, entry, me) : null;
    if (shown) yield shown;
  }
}

/**
 * Choose an option, or take that back: the new reaction comes first, so that the counts change once.
 * @param {Actions} actions
 * @param {Buffer} buffer
 * @param {ShownPoll} shown
 * @param {number} number From 0.
 */
export function cast(actions, buffer, { entry, poll, mine }, number) {
  const { takenBack, given } = voteFor(poll, mine, number);
  if (given) actions.react(buffer, entry, given);
  for (const sign of takenBack) actions.unreact(buffer, entry, sign);
}

/**
 * Return the text of a poll, or "" if it does not fit into one message of the server.
 * @param {Poll} poll
 * @param {Limits} limits
 */
export function fittingPoll(poll, limits) {
  return fitting(pollText(poll, LINE_ROOM), limits);
}

/**
 * Return the text that closes a poll, or "" if it does not fit into one message of the server.
 * @param {ShownPoll} shown
 * @param {Limits} limits
 */
export function fittingResult({ poll, counts }, limits) {
  return fitting(resultText(poll, counts, LINE_ROOM), limits);
}

/**
 * @param {string} text
 * @param {Limits} limits
 */
function fitting(text, { lines, text: most }) {
  if (!text.includes("\n")) return text;
  const count = messageLines(text, LINE_ROOM).length;
  return count <= lines && (!most || byteLength(text) <= most) ? text : "";
}

/**
 * Return the reactions of each nickname, the first one first.
 * @param {Entry} entry
 */
function reactionsOf(entry) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  const inOrder = [...(entry.votes ?? [])].sort(([, one], [, other]) => one - other);
  for (const [vote] of inOrder) {
    const [nick = "", reaction = ""] = vote.split(/ (.*)/su);
    found.set(nick, [...(found.get(nick) ?? []), reaction]);
  }
  return found;
}

/**
 * What has closed a poll when it was looked for, so that a vote costs no walk through the timeline.
 * @type {WeakMap<Entry, {answered: number|undefined, answer: Entry|null, counts: number[]|null}>}
 */
const closings = new WeakMap();

/**
 * Return the counts with which the author has closed a poll, null while it is open.
 * @param {Pick<Buffer, "timeline">} buffer
 * @param {Entry} entry
 * @param {Poll} poll
 */
function resultOf({ timeline }, entry, poll) {
  if (!entry.msgid) return null;
  const known = closings.get(entry);
  // An answer that is not confirmed has no msgid, and one behind a gap is dropped.
  const isThere = !known?.answer || timeline.find(known.answer.msgid) === known.answer;
  if (known && known.answered === entry.answered && isThere) return known.counts;
  const found = closingOf(timeline.entries, entry, poll);
  closings.set(entry, { answered: entry.answered, ...found });
  return found.counts;
}

/**
 * @param {readonly Entry[]} entries
 * @param {Entry} entry
 * @param {Poll} poll
 */
function closingOf(entries, entry, poll) {
  for (let index = entries.length - 1; index >= 0 && entries[index] !== entry; index -= 1) {
    const answer = entries[index];
    const isAnswer = answer?.replyTo === entry.msgid && answer.nick === entry.nick && !answer.failed;
    const counts = isAnswer ? readResult(answer.text) : null;
    if (answer && counts?.length === poll.options.length) return { answer, counts };
  }
  return { answer: null, counts: null };
}
