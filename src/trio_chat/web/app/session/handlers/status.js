/** Handlers of what is known about users: away, accounts, names, presence, read markers. */
import { _ } from "../../platform/i18n.js";
import { nickOf } from "../../irc/message.js";
import { makeMember } from "../../model/buffer.js";
import { MOST_MEMBERS, changedLetters } from "./channels.js";

/** @import { Message } from "../../irc/message.js" */
/** @import { Client } from "../client.js" */
/** @import { Handler } from "./table.js" */

/** @type {Record<string, Handler>} */
export const status = {
  AWAY(client, { nick, params }) {
    client.model.updateUser(nick, { away: Boolean(params[0]) });
    if (client.model.isMe(nick)) client.model.me.away.value = params[0] ?? "";
  },
  ACCOUNT(client, { nick, params }) {
    const account = params[0] === "*" ? "" : (params[0] ?? "");
    client.model.updateUser(nick, { account });
    if (client.model.isMe(nick)) client.model.me.account.value = account;
  },
  SETNAME(client, message) {
    client.model.updateUser(message.nick, { realname: message.params[0] ?? "" });
    client.noteSource(message);
  },
  CHGHOST(client, { nick, params }) {
    const host = `${params[0] ?? ""}@${params[1] ?? ""}`;
    client.model.updateUser(nick, { host });
    if (client.model.isMe(nick)) client.setSource(nick, host);
  },
  301(client, { params }, origin) {
    const { model } = client;
    const [, nick = "", text = ""] = params;
    model.updateUser(nick, { away: true });
    const buffer = model.get(nick) ?? origin;
    if (buffer) model.tell(buffer, _("{nick} is away: {text}", { nick, text }));
  },
  305(client) {
    client.model.me.away.value = "";
  },
  306(client) {
    client.model.me.away.value ||= client.wantedAway || _("away");
  },
  221(client, { params }, origin) {
    const modes = params[1] ?? "";
    client.model.me.modes.value = changedLetters("", modes);
    if (origin) client.model.tell(origin, _("Modes: {modes}", { modes }));
  },
  730(client, { params }) {
    for (const source of (params[1] ?? "").split(",")) setOnline(client, nickOf(source), true);
  },
  731(client, { params }) {
    for (const nick of (params[1] ?? "").split(",")) {
      setOnline(client, nick, false);
      client.model.profiles.remove(nick);
      client.nickname.freed(nick);
    }
  },
  734: () => {},
  NOTIFY: (client, message) => client.levels.received(message),
  354: (client, message) => listed(client, message),
  315: () => {},
  MARKREAD(client, { params }) {
    const buffer = client.model.get(params[0] ?? "");
    if (buffer) client.markers.received(buffer, params[1] ?? "");
  },
};

/**
 * @param {Client} client
 * @param {string} nick
 * @param {boolean} online
 */
function setOnline(client, nick, online) {
  const buffer = client.model.get(nick);
  if (buffer?.kind === "private") client.model.setOnline(buffer, online);
}

/**
 * Take a WHOX reply to `%tcuhnfar,1`.
 * @param {Client} client
 * @param {Message} message
 */
function listed(client, { params }) {
  const { model } = client;
  const [
    ,
    token,
    name = "",
    user = "",
    host = "",
    nick = "",
    flags = "",
    account = "0",
    realname = "",
  ] = params;
  const buffer = model.get(name);
  if (token !== "1" || !buffer) return;
  const key = model.fold(nick);
  const known = buffer.members.get(key);
  if (!known && buffer.members.size >= MOST_MEMBERS) return;
  const member = known ?? makeMember(nick);
  Object.assign(member, {
    away: flags.startsWith("G"),
    bot: flags.includes(model.isupport.text("BOT", "B") || "B"),
    host: `${user}@${host}`,
    account: account === "0" ? "" : account,
    realname,
  });
  buffer.members.set(key, member);
  buffer.membersChanged();
}
