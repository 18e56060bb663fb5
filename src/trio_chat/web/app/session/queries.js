/** Questions to the server whose answers go to the view that asked: WHOIS, LIST, SEARCH, bans. */
import { escapeTag } from "../irc/message.js";
import { MOST_FOUND } from "../model/entries.js";
import { fragmentOf } from "../platform/address.js";
import { isOwnMachine, sharedAddress } from "../platform/shared_address.js";
import { _ } from "../platform/i18n.js";
import { isBatch } from "./batches.js";
import { historyBlock, messageEntry, seconds } from "./events.js";
import { REFUSAL, otherError } from "./reasons.js";
import { flatten } from "./requests.js";

export { scheduleOf } from "./schedule.js";
export { changeBans } from "./ban_masks.js";
export { showHidden } from "./unhiding.js";

/** @import { Message } from "../irc/message.js" */
/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Found, ListedChannel, SessionInfo, UserCard } from "../model/types.js" */
/** @import { Client } from "./client.js" */

/** Channels, and further lines, of a user card. */
const MOST_LINES = 200;
const MOST_LISTED = 10_000;

/**
 * Return the messages that answer a command.
 * @param {Client} client
 * @param {string} command
 * @param {string[]} params
 * @returns {Promise<Message[]>}
 */
async function ask(client, command, params) {
  const messages = flatten(await client.request(command, params));
  const error = messages.find((each) => REFUSAL.test(each.command));
  if (error) throw new Error(otherError(error));
  return messages;
}

/**
 * Carry out a command of a dialog, which stays open until the server has done it.
 * @param {Client} client
 * @param {string} command
 * @param {string[]} params
 * @throws {Error} The server refuses it.
 */
export async function carryOut(client, command, params) {
  if (client.link.isOpen && !client.negotiation.hasLabels) client.send(command, ...params);
  else for (const each of await ask(client, command, params)) client.dispatch(each, null);
}

/**
 * @param {Client} client
 * @param {string} nick
 * @returns {Promise<UserCard>}
 */
export async function whois(client, nick) {
  /** @type {UserCard} */
  const card = {
    nick,
    host: "",
    realname: "",
    account: "",
    away: "",
    channels: [],
    idle: -1,
    signon: 0,
    operator: false,
    bot: false,
    secure: false,
    more: [],
  };
  const messages = await ask(client, "WHOIS", [nick, nick]);
  const { profiles } = client.model;
  if (client.profiles.available && !client.model.isMe(nick)) profiles.remove(nick);
  for (const each of messages) {
    if (each.command === "760") client.dispatch(each, null);
    else describe(card, each);
  }
  return card;
}

/**
 * @param {UserCard} card
 * @param {Message} message
 */
function describe(card, { command, params }) {
  const [, nick = "", first = "", second = ""] = params;
  if (command === "311") {
    card.nick = nick;
    card.host = `${first}@${second}`;
    card.realname = params.at(-1) ?? "";
  } else if (command === "319") add(card.channels, first.split(" ").filter(Boolean));
  else if (command === "330") card.account = first;
  else if (command === "301") card.away = first;
  else if (command === "313") card.operator = true;
  else if (command === "335") card.bot = true;
  else if (command === "671") card.secure = true;
  else if (command === "317") {
    card.idle = Number(first) || 0;
    card.signon = seconds(second);
  } else if (command === "338") {
    add(card.more, [_("Address: {address}", { address: params.at(-2) ?? "" })]);
  } else if (!["312", "318"].includes(command)) add(card.more, [params.slice(2).join(" ")]);
}

/**
 * @param {string[]} list
 * @param {string[]} items
 */
function add(list, items) {
  list.push(...items.slice(0, MOST_LINES - list.length));
}

/**
 * @param {Client} client
 * @param {string} mask
 * @returns {Promise<ListedChannel[]>}
 */
export async function list(client, mask) {
  const messages = await ask(client, "LIST", mask ? [mask] : []);
  return messages
    .filter((each) => each.command === "322")
    .slice(0, MOST_LISTED)
    .map(({ params }) => ({
      name: params[1] ?? "",
      members: Number(params[2]) || 0,
      topic: params[3] ?? "",
    }));
}

const ATTRIBUTE = /(?:^|\s)(from|before|after):(\S+)/gu;
const DAY = /^\d{4}-\d{2}-\d{2}$/u;
const [MORNING, NIGHT] = ["T00:00:00", "T23:59:59.999"];
/** What the server finds: mere punctuation it does not. */
const WORD = /[\p{L}\p{N}\p{S}_#@%&/\\§]/u;

/**
 * Return the attributes of SEARCH for what was typed: words, `from:nickname`, and `after:` and
 * `before:` with a day or a time.
 * @param {string} typed
 * @returns {string[]}
 */
export function searchAttributes(typed) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const [, name = "", value = ""] of typed.matchAll(ATTRIBUTE)) {
    // A day is one of the user, as the times of messages that are shown.
    const day = DAY.test(value) ? new Date(value + (name === "before" ? NIGHT : MORNING)) : null;
    found.set(name, day && !isNaN(+day) ? day.toISOString() : value);
  }
  const text = typed.replace(ATTRIBUTE, "").trim();
  if (text && !WORD.test(text))
    throw new Error(_("There is no word to search for: add a letter or digit."));
  if (text) found.set("text", text);
  return [...found].map(([name, value]) => `${name}=${escapeTag(value)}`);
}

/**
 * @param {Client} client
 * @param {string} text
 * @param {ChatBuffer|null} scope
 * @returns {Promise<Found[]>} The newest first.
 */
export async function search(client, text, scope) {
  const { model } = client;
  const attributes = [...searchAttributes(text), `limit=${MOST_FOUND}`];
  if (scope?.kind === "channel") attributes.push(`in=${escapeTag(scope.name)}`);
  const items = await client.request("SEARCH", [attributes.join(";")]);
  /** @type {Found[]} */
  const found = [];
  for (const batch of items) {
    if (!isBatch(batch)) continue;
    for (const item of batch.items) {
      const isHidden = historyBlock(model, { ...batch, items: [item] }).entries.length === 0;
      const placed = isHidden ? null : messageEntry(model, item);
      if (placed) found.push({ buffer: placed.name, entry: placed.entry });
    }
  }
  return found.sort((one, other) => other.entry.time - one.entry.time);
}

/**
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @returns {Promise<string[]>}
 */
export async function banList(client, buffer) {
  const messages = await ask(client, "MODE", [buffer.name, "b"]);
  return messages.filter((each) => each.command === "367").map(({ params }) => params[2] ?? "");
}

/**
 * Return the address that lets others into a channel. Without terms, an open channel needs no
 * invitation, and any member may pass its address on.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {number} seconds 0 for no end.
 * @param {number} uses 0 for any number.
 */
export async function inviteLink(client, buffer, seconds, uses) {
  const plain = `${sharedAddress()}#${fragmentOf(buffer.name)}`;
  const isClosed = /^\+\S*[ikR]/.test(buffer.modes.value);
  if (!seconds && !uses && !isClosed) return plain;
  const duration = seconds ? `${Math.ceil(seconds / 60)}m` : "0";
  const messages = await ask(client, "INVITATION", ["CREATE", buffer.name, String(uses), duration]);
  const created = messages.find(
    ({ command, params }) => command === "INVITATION" && params[0] === "CREATED",
  );
  if (!created) throw new Error(_("This server makes no invitations."));
  const [, , , , , token = "", link = ""] = created.params;
  return link && !isOwnMachine(link) ? link : `${plain}?invite=${token}`;
}

/**
 * Ask a service, and return its lines.
 * @param {Client} client
 * @param {"NICKSERV"|"CHANSERV"} service
 * @param {string[]} words
 */
export async function askService(client, service, ...words) {
  const messages = await ask(client, service, words);
  const isLine = (/** @type {Message} */ { command }) => command === "NOTICE";
  // What changes with the answer, such as the account of the user (901).
  for (const each of messages) if (!isLine(each)) client.dispatch(each, null);
  return messages.filter(isLine).map(({ params }) => params[1] ?? "");
}

/**
 * @param {Client} client
 * @param {string[]} words
 */
export function askNickServ(client, ...words) {
  return askService(client, "NICKSERV", ...words);
}

/**
 * Report a message to the operators of its channel, a private one to those of the server.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {string} msgid
 * @param {string} reason
 * @returns {Promise<string>} What the server answers.
 */
export async function report(client, buffer, msgid, reason) {
  const { name, kind } = buffer;
  if (kind === "channel")
    return (await askService(client, "CHANSERV", "REPORT", name, msgid, reason)).join("\n");
  // Of the private messages of a user without an account the server keeps none for it.
  const about = client.model.me.account.value ? [name, msgid] : [name];
  const answer = await ask(client, "REPORT", [...about, reason]);
  return answer.at(-1)?.params.at(-1) ?? "";
}

/**
 * @param {Client} client
 * @returns {Promise<SessionInfo[]>}
 */
export async function sessions(client) {
  const lines = await askNickServ(client, "CLIENTS", "LIST");
  /** @type {SessionInfo[]} */
  const found = [];
  for (const line of lines) {
    const session = /^(\d+)( \([^)]*\))?: (.*)$/.exec(line);
    if (session)
      found.push({ id: session[1] ?? "", text: session[3] ?? "", current: Boolean(session[2]) });
  }
  return found;
}

/**
 * @param {Client} client
 * @param {string} id
 */
export async function endSession(client, id) {
  const lines = await askNickServ(client, "CLIENTS", "LOGOUT", id);
  client.model.notify(lines.join(" ") || _("The session was ended."));
}

/**
 * Return whether the user stays in the channels while none of its devices is connected.
 * @param {Client} client
 */
export async function alwaysOn(client) {
  return isOn(await askNickServ(client, "GET", "always-on"));
}

/**
 * @param {Client} client
 * @param {boolean} on
 * @throws {Error} The server does not allow it.
 */
export async function setAlwaysOn(client, on) {
  const lines = await askNickServ(client, "SET", "always-on", on ? "on" : "off");
  if (isOn(lines) !== on) throw new Error(lines.join(" ") || _("The server did not do it."));
}

/** @param {string[]} lines */
function isOn(lines) {
  return lines.some((line) => line.startsWith("always-on is on"));
}
