/** Messages of the server as entries of timelines: the same for what has just come and for history. */
import { makeEntry } from "../model/entries.js";
import { copied, shared } from "../model/strings.js";
import { isBatch } from "./batches.js";

/** @import { Message } from "../irc/message.js" */
/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { ChatModel } from "../model/model.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { Batch, Item } from "./batches.js" */

/** Characters of a message of several lines. */
const LONGEST_TEXT = 100_000;
/** The last time that a Date can have. */
const LAST_TIME = 8.64e15;
const ACTION = /^\x01ACTION (.*?)\x01?$/s;

/**
 * A message with the place where it is shown.
 * @typedef {object} Placed
 * @property {string} name Of the buffer.
 * @property {Entry} entry
 */

/**
 * Return the time of a message in milliseconds.
 * @param {Item} item
 * @param {number} now
 */
export function timeOf(item, now) {
  const time = Date.parse(item.tags.get("time") ?? "");
  return Number.isFinite(time) ? time : now;
}

/**
 * Return a number of seconds in milliseconds; 0 for one that is no time.
 * @param {string|undefined} text
 */
export function seconds(text) {
  const time = Number(text) * 1000;
  return time > 0 && time <= LAST_TIME ? time : 0;
}

/**
 * Return the msgid that a message answers; "" for none.
 * @param {Map<string, string>} tags
 */
function replyOf(tags) {
  return tags.get("+reply") ?? tags.get("+draft/reply") ?? "";
}

/**
 * Return the reaction of a TAGMSG; null when it has none.
 * @param {Message} message
 * @returns {{msgid: string, reaction: string, nick: string, given: boolean, time: number}|null}
 */
export function reactionOf({ tags, nick }) {
  const given = tags.get("+react") ?? tags.get("+draft/react");
  const reaction = given ?? tags.get("+unreact") ?? tags.get("+draft/unreact");
  const msgid = replyOf(tags);
  if (!reaction || !msgid || reaction.length > 64) return null;
  const time = Date.parse(tags.get("time") ?? "") || Date.now();
  return { msgid, reaction, nick, given: given !== undefined, time };
}

/**
 * Return a message of somebody as an entry; null for one that is not shown.
 * @param {ChatModel} model
 * @param {Item} item A PRIVMSG or NOTICE, or a batch `draft/multiline`.
 * @returns {Placed|null}
 */
export function messageEntry(model, item) {
  const first = isBatch(item) ? item.items[0] : item;
  if (!first || isBatch(first)) return null;
  const [target = ""] = isBatch(item) ? item.params : item.params;
  const nick = item.nick || first.nick;
  let text = (isBatch(item) ? joinLines(item) : (item.params[1] ?? "")).slice(0, LONGEST_TEXT);
  const action = ACTION.exec(text);
  if (action) text = action[1] ?? "";
  else if (text.startsWith("\x01")) return null;
  const kind = action ? "action" : first.command === "NOTICE" ? "notice" : "message";
  const entry = makeEntry(kind, shared(nick), copied(text), timeOf(item, model.clock.now()));
  entry.msgid = copied(item.tags.get("msgid") ?? "");
  entry.account = shared(item.tags.get("account") ?? "");
  entry.bot = item.tags.has("bot");
  entry.replyTo = copied(replyOf(item.tags));
  const [prefixes, place] = model.isupport.splitStatus(target);
  entry.target = prefixes;
  entry.self = isOwn(model, nick, entry.account);
  const isFromServer = !(item.source || first.source).includes("!") && kind === "notice";
  const isPrivate = !model.isupport.isChannel(place);
  const name = !isPrivate ? place : isFromServer ? "" : entry.self ? place : nick;
  return { name, entry };
}

/**
 * @param {ChatModel} model
 * @param {string} nick
 * @param {string} account
 */
function isOwn(model, nick, account) {
  const own = model.me.account.value;
  return model.isMe(nick) || (own !== "" && account !== "" && model.same(account, own));
}

/** @param {Batch} batch */
function joinLines(batch) {
  let text = "";
  batch.items.forEach((item, index) => {
    if (isBatch(item)) return;
    const joint = index === 0 || item.tags.has("draft/multiline-concat") ? "" : "\n";
    text += joint + (item.params[1] ?? "");
  });
  return text;
}

/**
 * Return an event of a channel as an entry; null for other messages.
 * @param {ChatModel} model
 * @param {Message} message
 * @returns {Placed|null}
 */
export function eventEntry(model, message) {
  const { params, nick } = message;
  const entry = makeEntry("info", shared(nick), "", timeOf(message, model.clock.now()));
  entry.msgid = copied(message.tags.get("msgid") ?? "");
  entry.account = shared(message.tags.get("account") ?? "");
  entry.self = model.isMe(nick);
  const name = params[0] ?? "";
  switch (message.command) {
    case "JOIN":
      entry.kind = "join";
      break;
    case "PART":
      entry.kind = "part";
      entry.text = copied(params[1] ?? "");
      break;
    case "QUIT":
      entry.kind = "quit";
      entry.text = copied(name);
      break;
    case "KICK":
      entry.kind = "kick";
      entry.target = params[1] ?? "";
      entry.text = copied(params[2] ?? "");
      break;
    case "NICK":
      entry.kind = "nick";
      entry.target = entry.text = copied(name);
      break;
    case "MODE":
      entry.kind = "mode";
      entry.text = params.slice(1).join(" ");
      break;
    case "TOPIC":
      entry.kind = "topic";
      entry.text = copied(params[1] ?? "");
      break;
    case "RENAME":
      entry.kind = "rename";
      entry.text = copied(params[1] ?? "");
      break;
    case "INVITE":
      entry.kind = "invite";
      entry.target = name;
      entry.text = copied(params[1] ?? "");
      return { name: params[1] ?? "", entry };
    default:
      return null;
  }
  return { name, entry };
}

/**
 * Return a batch `chathistory` as entries, the oldest first, and its reactions.
 * @param {ChatModel} model
 * @param {Batch} batch
 */
export function historyBlock(model, batch) {
  /** @type {Entry[]} */
  const entries = [];
  /** @type {NonNullable<ReturnType<typeof reactionOf>>[]} */
  const reactions = [];
  /** @type {{msgid: string, nick: string}[]} */
  const deletions = [];
  let hiddenFrom = Infinity;
  /** All msgids, those of ignored users included. @type {Set<string>} */
  const msgids = new Set();
  for (const item of batch.items) {
    msgids.add(item.tags.get("msgid") ?? "");
    const source = item.source || (isBatch(item) ? (item.items[0]?.source ?? "") : "");
    if (!isBatch(item) && item.command === "REDACT") {
      deletions.push({ msgid: item.params[1] ?? "", nick: item.nick });
      continue;
    }
    if (model.ignores.value(source)) {
      hiddenFrom = Math.min(hiddenFrom, timeOf(item, Infinity));
      continue;
    }
    if (!isBatch(item) && item.command === "TAGMSG") {
      const reaction = reactionOf(item);
      if (reaction) reactions.push(reaction);
      continue;
    }
    const isText = isBatch(item) || item.command === "PRIVMSG" || item.command === "NOTICE";
    const placed = isText ? messageEntry(model, item) : eventEntry(model, item);
    if (!placed) continue;
    placed.entry.stored = true;
    entries.push(placed.entry);
  }
  return { entries, reactions, deletions, msgids, hiddenFrom };
}

/**
 * Return whether the server certainly puts a message into its history: not one that only a part of
 * the members can read.
 * @param {ChatBuffer} buffer
 * @param {Entry} entry
 */
export function isStored(buffer, entry) {
  const isKnown = buffer.kind === "channel" && buffer.created > 0;
  return isKnown && !entry.target && !isForOperators(buffer);
}

/**
 * Return whether only operators hear the other members of a channel (+U).
 * @param {ChatBuffer} buffer
 */
export function isForOperators({ modes }) {
  return /^\+\S*U/.test(modes.value);
}
