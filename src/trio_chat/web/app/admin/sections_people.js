/** Sections about people: sessions, devices, invitations. */

import { N_, _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { LIFETIME, REASON, given } from "./fields.js";
import { ACCOUNT_SECTIONS } from "./sections_accounts.js";
import { shown } from "./values.js";

/** @import { Item } from "./listing.js" */
/** @import { Section } from "./sections.js" */

const nick = (/** @type {Item} */ { nickname }) => String(nickname ?? "");

/**
 * Return one value of each object of a list.
 * @param {unknown} list
 * @param {string} key
 * @returns {unknown[]}
 */
function each(list, key) {
  return Array.isArray(list) ? list.map((item) => item?.[key]) : [];
}

/**
 * @param {any} connection
 * @returns {[string, string]}
 */
function choice({ id: number, address, connected }) {
  const since = shown(connected, "time");
  return [String(number), address ? `${plainName(String(address))}, ${since}` : since];
}

/** @type {Section} */
const SESSIONS = {
  id: "sessions",
  title: N_("Who is here"),
  icon: "members",
  path: "/sessions",
  empty: N_("Nobody is here."),
  idOf: nick,
  nameOf: nick,
  order: { key: "nickname" },
  columns: [
    { key: "nickname", label: N_("Nickname") },
    { key: "account", label: N_("Account") },
    {
      key: "connections",
      label: N_("Address"),
      wide: true,
      value: ({ connections }) => each(connections, "address"),
    },
    { key: "since", label: N_("Here since"), kind: "time" },
    { key: "active", label: N_("Last active"), kind: "time", wide: true },
    { key: "operator", label: N_("Operator"), wide: true },
    { key: "host", label: N_("Shown as"), hidden: true },
    { key: "username", label: N_("User name"), hidden: true },
    { key: "realname", label: N_("Real name"), hidden: true },
    { key: "modes", label: N_("Modes"), hidden: true },
    { key: "away", label: N_("Away"), hidden: true },
    { key: "is_bot", label: N_("Bot"), hidden: true },
    { key: "is_always_on", label: N_("Stays without connections"), hidden: true },
    { key: "channels", label: N_("Channels"), hidden: true },
    {
      key: "connections.connected",
      label: N_("Connected"),
      hidden: true,
      value: ({ connections }) => each(connections, "connected").map((time) => shown(time, "time")),
    },
  ],
  create: [
    {
      id: "announce",
      label: N_("Announce"),
      operation: "POST /announcements",
      ids: () => [],
      explain: () => _("All users that are connected see it, as a notice of the server."),
      fields: [{ name: "text", label: N_("Text") }],
      body: ({ text = "" }) => ({ text: text.trim() }),
      done: N_("It was announced."),
    },
  ],
  actions: [
    {
      id: "kill",
      label: N_("Disconnect"),
      danger: true,
      operation: "DELETE /sessions/{}",
      explain: (item) =>
        _("This ends all connections of {nick}. The user can connect again; a ban prevents that.", {
          nick: plainName(nick(item)),
        }),
      fields: [REASON],
      query: ({ reason }) => given({ reason }),
      done: N_("The user was disconnected."),
    },
    {
      id: "connection-end",
      label: N_("End one connection"),
      danger: true,
      operation: "DELETE /sessions/{}/connections/{}",
      ids: (item, { connection }) => [nick(item), connection],
      available: ({ connections }) => Array.isArray(connections) && connections.length > 1,
      explain: (item) =>
        _("The other connections of {nick} go on.", { nick: plainName(nick(item)) }),
      fields: [
        {
          name: "connection",
          label: N_("Connection"),
          choices: ({ connections }) => (Array.isArray(connections) ? connections : []).map(choice),
        },
        REASON,
      ],
      query: ({ reason }) => given({ reason }),
      done: N_("The connection was ended."),
    },
  ],
};

const id = (/** @type {Item} */ item) => String(item["id"] ?? "");

/** @type {Section} */
const DEVICES = {
  id: "devices",
  title: N_("Devices"),
  icon: "bell",
  path: "/devices",
  empty: N_("No device receives notifications."),
  note: N_("Phones and browsers that are notified while the chat is closed on them."),
  idOf: id,
  nameOf: ({ account: owner }) => _("Device of {account}", { account: String(owner ?? "") }),
  order: { key: "account" },
  columns: [
    { key: "account", label: N_("Account") },
    { key: "push_service", label: N_("Push service") },
    { key: "created", label: N_("Registered"), kind: "time", wide: true },
    { key: "last_seen", label: N_("Last seen"), kind: "time" },
    { key: "id", label: N_("Id"), hidden: true },
  ],
  actions: [
    {
      id: "device-remove",
      label: N_("Remove"),
      danger: true,
      operation: "DELETE /devices/{}",
      explain: () => _("The device is not notified until its user opens the chat on it again."),
      done: N_("The device was removed."),
    },
  ],
};

/** @type {Section} */
const INVITATIONS = {
  id: "invitations",
  title: N_("Invitations"),
  icon: "link",
  path: "/invitations",
  empty: N_("There is no invitation in force."),
  note: N_("Links that let users into closed channels, or let them register an account."),
  idOf: id,
  nameOf: id,
  columns: [
    { key: "id", label: N_("Id") },
    { key: "channel", label: N_("For"), value: ({ channel }) => channel ?? _("an account") },
    { key: "made_by", label: N_("Made by"), wide: true },
    { key: "created", label: N_("Made"), kind: "time", wide: true },
    { key: "expires", label: N_("Ends"), kind: "time" },
    { key: "used", label: N_("Used"), kind: "number" },
    { key: "uses", label: N_("Can be used"), kind: "number", wide: true },
  ],
  create: [
    {
      id: "invitation-add",
      label: N_("Make an invitation"),
      operation: "POST /invitations",
      ids: () => [],
      explain: () => _("It lets a user into a registered channel, or register an account."),
      fields: [
        {
          name: "channel",
          label: N_("Channel"),
          optional: true,
          hint: N_("Empty for an invitation to register an account."),
        },
        {
          name: "uses",
          label: N_("Can be used"),
          choices: [
            ["1", N_("once")],
            ["10", N_("ten times")],
            ["0", N_("by everybody")],
          ],
        },
        LIFETIME,
      ],
      body: ({ channel = "", uses, seconds }) => ({
        channel: channel.trim() || null,
        uses: Number(uses),
        seconds: Number(seconds),
      }),
      done: N_("The invitation was made."),
      secret: (result) => String(result?.link || (result?.token ?? "")),
    },
  ],
  actions: [
    {
      id: "invitation-revoke",
      label: N_("Revoke"),
      danger: true,
      operation: "DELETE /invitations/{}",
      explain: () => _("Its link lets nobody in any longer."),
      done: N_("The invitation was revoked."),
    },
  ],
};

export const PEOPLE = [SESSIONS, ...ACCOUNT_SECTIONS, DEVICES, INVITATIONS];
