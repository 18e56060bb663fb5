/** Handlers of channels: members, topics, modes. */
import { _ } from "../../platform/i18n.js";
import { hostOf, nickOf } from "../../irc/message.js";
import { changeModes, parseModes } from "../../irc/modes.js";
import { makeMember } from "../../model/buffer.js";
import { makeEntry } from "../../model/entries.js";
import { eventEntry, seconds, timeOf } from "../events.js";

/** @import { Message } from "../../irc/message.js" */
/** @import { ChatBuffer } from "../../model/buffer.js" */
/** @import { Client } from "../client.js" */
/** @import { Handler } from "./table.js" */

export const MOST_MEMBERS = 20_000;

/** User modes: a server has some ten of them. */
const MOST_LETTERS = 100;

/** @type {Record<string, Handler>} */
export const channels = {
  JOIN(client, message) {
    const { model } = client;
    const [name = "", account = "*", realname = ""] = message.params;
    const isMe = model.isMe(message.nick);
    const buffer = isMe ? model.ensure(name) : model.get(name);
    if (!buffer || buffer.kind !== "channel") return;
    if (!isMe && !model.sharing(message.nick).length) model.profiles.remove(message.nick);
    if (isMe) {
      client.noteSource(message);
      client.channels.joined(buffer, name, timeOf(message, model.clock.now()));
    }
    if (buffer.members.size < MOST_MEMBERS) {
      const member = makeMember(message.nick);
      member.account = account === "*" ? "" : account;
      member.realname = realname;
      member.host = hostOf(message.source);
      member.bot = message.tags.has("bot");
      buffer.members.set(model.fold(message.nick), member);
      buffer.membersChanged();
    }
    add(client, buffer, message);
  },
  PART(client, message) {
    const buffer = client.model.get(message.params[0] ?? "");
    if (!buffer) return;
    add(client, buffer, message);
    left(client, buffer, message.nick, _("You have left the channel."));
  },
  KICK(client, message) {
    const [name = "", nick = ""] = message.params;
    const buffer = client.model.get(name);
    if (!buffer) return;
    add(client, buffer, message);
    left(client, buffer, nick, _("You were removed from the channel."));
  },
  QUIT(client, message) {
    const { model } = client;
    for (const buffer of model.sharing(message.nick)) {
      add(client, buffer, message);
      if (buffer.members.delete(model.fold(message.nick))) buffer.membersChanged();
      client.typing.stop(buffer, message.nick);
    }
    model.profiles.remove(message.nick);
    client.nickname.freed(message.nick);
  },
  NICK: (client, message) => renamed(client, message),
  TOPIC(client, message) {
    const buffer = client.model.get(message.params[0] ?? "");
    if (!buffer) return;
    const time = timeOf(message, client.clock.now());
    buffer.topic.value = { text: message.params[1] ?? "", by: message.nick, time };
    add(client, buffer, message);
  },
  331(client, { params }, origin) {
    const buffer = client.model.get(params[1] ?? "");
    if (buffer) buffer.topic.value = { text: "", by: "", time: 0 };
    if (origin) client.model.tell(origin, _("No topic"));
  },
  332(client, { params }, origin) {
    const buffer = client.model.get(params[1] ?? "");
    if (!buffer) return;
    buffer.topic.value = { ...buffer.topic.value, text: params[2] ?? "" };
    if (origin) client.model.tell(origin, _("Topic: {text}", { text: params[2] ?? "" }));
  },
  333(client, { params }) {
    const buffer = client.model.get(params[1] ?? "");
    if (!buffer) return;
    const by = nickOf(params[2] ?? "");
    buffer.topic.value = { ...buffer.topic.value, by, time: seconds(params[3]) };
  },
  MODE: (client, message) => modeChanged(client, message),
  324(client, { params }, origin) {
    const buffer = client.model.get(params[1] ?? "");
    const { isupport } = client.model;
    if (buffer)
      buffer.modes.value = changeModes("", parseModes(params.slice(2), isupport), isupport);
    if (origin) client.model.tell(origin, _("Modes: {modes}", { modes: params.slice(2).join(" ") }));
  },
  329(client, { params }) {
    const buffer = client.model.get(params[1] ?? "");
    if (buffer) buffer.created = seconds(params[2]);
  },
  353(client, { params }) {
    const { model } = client;
    // Some servers leave out the sign before the channel.
    const buffer = model.get(params.at(-2) ?? "");
    if (!buffer) return;
    buffer.arriving ??= new Map();
    for (const word of (params.at(-1) ?? "").split(" ").filter(Boolean)) {
      const [prefixes, source] = model.isupport.splitPrefixes(word);
      const nick = nickOf(source);
      const key = model.fold(nick);
      const member = { ...(buffer.members.get(key) ?? makeMember(nick)), nick, prefixes };
      member.host = hostOf(source) || member.host;
      if (buffer.arriving.size < MOST_MEMBERS) buffer.arriving.set(key, member);
    }
  },
  366(client, { params }, origin) {
    const { model } = client;
    const buffer = model.get(params[1] ?? "");
    if (!buffer?.arriving) return;
    buffer.members.clear();
    for (const [key, member] of buffer.arriving) buffer.members.set(key, member);
    buffer.arriving = null;
    setOwnPrefixes(client, buffer);
    buffer.membersChanged();
    if (origin) {
      const nicks = [...buffer.members.values()].map((each) => each.prefixes + each.nick);
      model.tell(origin, _("Members: {nicks}", { nicks: nicks.join(", ") }));
    }
  },
  INVITE(client, message) {
    const { model } = client;
    const [nick = "", name = ""] = message.params;
    if (!model.isMe(nick)) {
      const buffer = model.get(name);
      if (buffer) add(client, buffer, message);
      return;
    }
    const text = _("{nick} invites you to {name}: /join {name}", { nick: message.nick, name });
    model.tell(model.server, text);
    model.notify(text);
  },
  341(client, { params }, origin) {
    const values = { nick: params[1] ?? "", name: params[2] ?? "" };
    client.model.tell(origin ?? client.model.server, _("{nick} was invited to {name}.", values));
  },
  RENAME(client, message) {
    const { model } = client;
    const [from = "", to = ""] = message.params;
    const buffer = model.get(from);
    if (!buffer || !model.isupport.isChannel(to)) return;
    model.rename(buffer, to);
    client.channels.renamed(from, to);
    add(client, buffer, message);
  },
  470(client, { params }) {
    const [, from = "", to = ""] = params;
    client.channels.unwant(from);
    client.channels.goingTo = client.model.fold(to);
    client.model.notify(_("{from} forwards to {to}.", { from, to }));
  },
};

/**
 * Add an event to a buffer.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {Message} message
 */
function add(client, buffer, message) {
  const placed = eventEntry(client.model, message);
  if (placed) client.model.add(buffer, placed.entry);
}

/**
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {string} nick
 * @param {string} reason Why the user's own messages cannot be sent.
 */
function left(client, buffer, nick, reason) {
  const { model } = client;
  if (!model.isMe(nick)) {
    if (buffer.members.delete(model.fold(nick))) buffer.membersChanged();
    client.typing.stop(buffer, nick);
    return;
  }
  buffer.joined.value = false;
  buffer.interrupted();
  buffer.created = 0;
  buffer.knowsMembers = false;
  buffer.members.clear();
  buffer.membersChanged();
  buffer.myPrefixes.value = "";
  client.channels.unwant(buffer.name);
  client.outgoing.refuse(buffer, reason);
}

/**
 * @param {Client} client
 * @param {Message} message
 */
function renamed(client, message) {
  const { model } = client;
  const from = message.nick;
  const [to = ""] = message.params;
  if (!from || !to) return;
  const isMe = model.isMe(from);
  const places = model.sharing(from);
  if (isMe) {
    model.me.nick.value = to;
    client.source = client.source.replace(from, to);
    client.nickname.renamed(from, to);
  }
  model.profiles.rename(from, to);
  for (const buffer of places) {
    const member = buffer.members.get(model.fold(from));
    if (member) {
      buffer.members.delete(model.fold(from));
      buffer.members.set(model.fold(to), { ...member, nick: to });
      buffer.membersChanged();
    }
    add(client, buffer, message);
    if (buffer.kind === "private" && model.same(buffer.name, from)) {
      model.rename(buffer, to);
      client.privates.monitor("-", [from]);
      client.privates.monitor("+", [to]);
    }
  }
  if (!isMe) client.nickname.freed(from);
}

/**
 * @param {Client} client
 * @param {Message} message
 */
function modeChanged(client, message) {
  const { model } = client;
  const [target = "", ...params] = message.params;
  if (!model.isupport.isChannel(target)) {
    if (model.isMe(target))
      model.me.modes.value = changedLetters(model.me.modes.value, params[0] ?? "");
    return;
  }
  const buffer = model.get(target);
  if (!buffer) return;
  const changes = parseModes(params, model.isupport);
  for (const { type, letter, param, given } of changes) {
    const member = type === "rank" ? buffer.members.get(model.fold(param)) : undefined;
    if (!member) continue;
    member.prefixes = model.isupport.changeRank(member.prefixes, letter, given);
    buffer.membersChanged();
  }
  buffer.modes.value = changeModes(buffer.modes.value, changes, model.isupport);
  setOwnPrefixes(client, buffer);
  add(client, buffer, message);
}

/**
 * @param {Client} client
 * @param {ChatBuffer} buffer
 */
function setOwnPrefixes(client, buffer) {
  const own = buffer.members.get(client.model.fold(client.model.me.nick.value));
  buffer.myPrefixes.value = own?.prefixes ?? "";
}

/**
 * @param {string} letters
 * @param {string} changes
 */
export function changedLetters(letters, changes) {
  const set = new Set(letters);
  let given = true;
  for (const letter of changes.slice(0, MOST_LETTERS)) {
    if (letter === "+" || letter === "-") given = letter === "+";
    else if (given) set.add(letter);
    else set.delete(letter);
  }
  return [...set].sort().join("");
}

/**
 * Say in a buffer that a channel cannot be joined.
 * @param {Client} client
 * @param {string} name
 * @param {string} reason
 */
export function joinFailed(client, name, reason) {
  const { model } = client;
  const buffer = model.get(name);
  client.channels.unwant(name);
  if (!buffer) {
    model.notify(reason, true);
    return;
  }
  model.add(buffer, makeEntry("error", "", reason, model.clock.now()));
  client.outgoing.refuse(buffer, reason);
}
