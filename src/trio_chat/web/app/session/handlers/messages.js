/** Handlers of messages: texts, reactions, typing, deletion. */
import { isBatch } from "../batches.js";
import { isStored, messageEntry, reactionOf } from "../events.js";

/** @import { ChatBuffer } from "../../model/buffer.js" */
/** @import { Item } from "../batches.js" */
/** @import { Client } from "../client.js" */
/** @import { Handler } from "./table.js" */

/** @type {Record<string, Handler>} */
export const messages = {
  PRIVMSG: (client, message) => said(client, message),
  NOTICE: (client, message) => said(client, message),
  "BATCH draft/multiline": (client, batch) => said(client, batch),
  TAGMSG(client, message) {
    const { model } = client;
    const target = message.params[0] ?? "";
    const isChannel = model.isupport.isChannel(target);
    const name = isChannel || model.isMe(message.nick) ? target : message.nick;
    const buffer = model.get(name);
    if (!buffer) return;
    const reaction = reactionOf(message);
    if (model.ignores.value(message.source)) {
      if (reaction) buffer.hide(reaction.time);
      return;
    }
    const state = message.tags.get("+typing");
    if (state !== undefined && !model.isMe(message.nick)) {
      client.typing.received(buffer, message.nick, state);
    }
    if (reaction) buffer.timeline.react(reaction.msgid, reaction);
  },
  REDACT(client, message) {
    const { model } = client;
    const [target = "", msgid = ""] = message.params;
    const isChannel = model.isupport.isChannel(target);
    const buffer = model.get(isChannel || model.isMe(message.nick) ? target : message.nick);
    if (buffer) client.redacted(buffer, msgid, message.nick);
  },
  WALLOPS(client, message) {
    client.model.tell(client.model.server, `${message.nick}: ${message.params[0] ?? ""}`);
  },
};

/**
 * @param {Client} client
 * @param {Item} item
 */
function said(client, item) {
  const { model } = client;
  const source = item.source || (isBatch(item) ? (item.items[0]?.source ?? "") : "");
  const placed = messageEntry(model, item);
  if (!placed) return;
  if (model.ignores.value(source)) {
    model.get(placed.name)?.hide(placed.entry.time);
    return;
  }
  const { name, entry } = placed;
  const buffer = place(client, name, entry.kind);
  entry.mention = model.isMention(buffer, entry);
  entry.stored = isStored(buffer, entry);
  const member = buffer.members.get(model.fold(entry.nick));
  if (member) {
    member.spoke = entry.time;
    if (entry.account) member.account = entry.account;
  }
  client.typing.stop(buffer, entry.nick);
  if (client.outgoing.echoed(buffer, entry)) return;
  model.add(buffer, entry);
}

/**
 * Return the buffer of a message. A private notice opens none.
 * @param {Client} client
 * @param {string} name
 * @param {string} kind
 * @returns {ChatBuffer}
 */
function place(client, name, kind) {
  const { model } = client;
  const known = model.get(name);
  if (known) return known;
  if (!name || model.isupport.isChannel(name)) return name ? model.ensure(name) : model.server;
  return kind === "notice" ? model.server : client.privates.open(name);
}
