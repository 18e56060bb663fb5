/** Sections about order: channels, bans, reports. */

import { N_, _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { DURATION, REASON, given } from "./fields.js";
import { valueOf } from "./values.js";

/** @import { Item } from "./listing.js" */
/** @import { Section } from "./sections.js" */

const mask = (/** @type {Item} */ item) => String(item["mask"] ?? "");

const channel = (/** @type {Item} */ item) => String(item["name"] ?? "");
const isRegistered = (/** @type {Item} */ { registration }) => Boolean(registration);

/** @type {Section} */
const CHANNELS = {
  id: "channels",
  title: N_("Channels"),
  icon: "hash",
  path: "/channels",
  empty: N_("There is no channel."),
  idOf: channel,
  nameOf: channel,
  order: { key: "name" },
  columns: [
    { key: "name", label: N_("Channel") },
    { key: "members", label: N_("Members"), kind: "number" },
    { key: "topic", label: N_("Topic"), wide: true, value: (item) => valueOf(item, "topic.text") },
    { key: "modes", label: N_("Modes"), wide: true },
    { key: "registration.founder", label: N_("Founder") },
    { key: "created", label: N_("Made"), kind: "time", hidden: true },
    { key: "topic.set_by", label: N_("Topic by"), hidden: true },
    { key: "limit", label: N_("Most members"), kind: "number", hidden: true },
    { key: "has_key", label: N_("Has a key"), hidden: true },
    { key: "slow_seconds", label: N_("Slow mode"), kind: "duration", hidden: true },
    { key: "is_public", label: N_("In the public archive"), hidden: true },
    { key: "is_lobby", label: N_("Lobby"), hidden: true },
    { key: "registration.since", label: N_("Registered"), kind: "time", hidden: true },
    {
      key: "registration.history_days",
      label: N_("Days for which messages are kept"),
      kind: "number",
      hidden: true,
    },
    {
      key: "registration.access",
      label: N_("Access"),
      hidden: true,
      value: (item) =>
        (valueOf(item, "registration.access") ?? []).map(
          (/** @type {Item} */ entry) => `${entry?.["account"]} (${entry?.["rank"]})`,
        ),
    },
  ],
  related: [
    {
      label: N_("Members"),
      path: "/channels/{}/members",
      text: ({ nickname, ranks }) =>
        `${nickname}${Array.isArray(ranks) && ranks.length ? ` (${ranks.join(", ")})` : ""}`,
    },
    {
      label: N_("Bans and other masks"),
      path: "/channels/{}/masks",
      text: ({ kind, mask: each }) => `${maskText(kind)} ${each}`,
    },
  ],
  actions: [
    {
      id: "channel-topic",
      label: N_("Set the topic"),
      operation: "PUT /channels/{}/topic",
      explain: () => _("All members see it, with you as its author. An empty one removes it."),
      fields: [
        {
          name: "text",
          label: N_("Topic"),
          optional: true,
          value: (item) => String(valueOf(item, "topic.text") ?? ""),
        },
      ],
      body: ({ text = "" }) => ({ text }),
      done: N_("The topic was set."),
    },
    {
      id: "channel-kick",
      label: N_("Remove a member"),
      danger: true,
      operation: "DELETE /channels/{}/members/{}",
      ids: (item, { nickname = "" }) => [item["name"], nickname.trim()],
      explain: (item) =>
        _("The member leaves {channel}, and can come back; a ban (+b) prevents that.", {
          channel: plainName(channel(item)),
        }),
      fields: [{ name: "nickname", label: N_("Nickname") }, REASON],
      query: ({ reason }) => given({ reason }),
      done: N_("The member was removed."),
    },
    {
      id: "channel-modes",
      label: N_("Change modes and bans"),
      operation: "POST /channels/{}/modes",
      explain: () => _("All members see the change, with you as its author."),
      fields: [
        { name: "modes", label: N_("Modes"), hint: N_("Such as +m, -i, +b for a ban, +o for a rank.") },
        {
          name: "params",
          label: N_("Parameters"),
          optional: true,
          hint: N_("With spaces between, such as *!*@192.0.2.1 or a nickname."),
        },
      ],
      body: ({ modes = "", params = "" }) => ({
        modes: modes.trim(),
        params: params.split(" ").filter(Boolean),
      }),
      done: N_("The modes were changed."),
    },
    {
      id: "channel-founder",
      label: N_("Give to another account"),
      operation: "PATCH /channels/{}/registration",
      available: isRegistered,
      explain: (item) =>
        _("The account becomes the founder of {channel}, in the place of the present one.", {
          channel: plainName(channel(item)),
        }),
      fields: [{ name: "founder", label: N_("Account") }],
      body: ({ founder = "" }) => ({ founder: founder.trim() }),
      done: N_("The channel has another founder."),
    },
    {
      id: "channel-history",
      label: N_("Set the history"),
      operation: "PATCH /channels/{}/registration",
      available: isRegistered,
      explain: () => _("Older messages are deleted, for ever."),
      fields: [
        {
          name: "history",
          label: N_("Keep messages for"),
          choices: [
            ["default", N_("as long as the server keeps them")],
            ["off", N_("no time: store nothing")],
            ["1", N_("a day")],
            ["7", N_("a week")],
            ["30", N_("30 days")],
            ["365", N_("a year")],
          ],
        },
      ],
      body: ({ history = "" }) => ({ history }),
      done: N_("The history was set."),
    },
    {
      id: "channel-drop",
      label: N_("End the registration"),
      danger: true,
      operation: "DELETE /channels/{}/registration",
      available: isRegistered,
      explain: (item) =>
        _("{channel} belongs to nobody then, and its settings end with its last member.", {
          channel: plainName(channel(item)),
        }),
      done: N_("The channel is not registered any longer."),
    },
  ],
};

/** @param {unknown} kind */
function maskText(kind) {
  if (kind === "ban") return _("ban:");
  return kind === "exception" ? _("never banned:") : _("needs no invitation:");
}

const place = (/** @type {Item} */ item) => [item["channel"], item["number"]];
const placeId = (/** @type {Item} */ item) => place(item).join(" ");

/** @type {Section} */
const BANS = {
  id: "bans",
  title: N_("Bans"),
  icon: "shield",
  path: "/bans",
  empty: N_("Nobody is banned from this server."),
  note: N_("These bans hold for the whole server; those of a channel are among its modes."),
  idOf: mask,
  nameOf: mask,
  columns: [
    { key: "mask", label: N_("Banned") },
    { key: "reason", label: N_("Reason") },
    { key: "set_by", label: N_("Set by"), wide: true },
    { key: "created", label: N_("Set"), kind: "time", wide: true },
    { key: "expires", label: N_("Ends"), kind: "time" },
    { key: "kind", label: N_("Kind"), hidden: true, value: ({ kind }) => kindText(kind) },
  ],
  create: [
    {
      id: "ban-add",
      label: N_("Add a ban"),
      confirm: N_("Ban"),
      danger: true,
      operation: "POST /bans",
      ids: () => [],
      explain: () =>
        _("Users that the ban covers are disconnected at once, and cannot connect until it ends."),
      fields: [
        {
          name: "kind",
          label: N_("Ban"),
          choices: [
            ["", N_("an address, a network or a mask")],
            ["account", N_("an account")],
          ],
        },
        {
          name: "mask",
          label: N_("Address, mask or account"),
          hint: N_("Such as 192.0.2.1, 192.0.2.0/24 or *!*@*.example.org."),
        },
        DURATION,
        REASON,
      ],
      body: ({ kind, mask: wanted = "", seconds, reason = "" }) => ({
        mask: wanted.trim(),
        kind: kind || null,
        seconds: Number(seconds),
        reason: reason.trim(),
      }),
      done: N_("The ban is in force."),
      lines: ({ connections }) =>
        connections
          ? [plural("{count} connection was ended.", "{count} connections were ended.", connections)]
          : [],
    },
  ],
  actions: [
    {
      id: "ban-lift",
      label: N_("Lift the ban"),
      operation: "DELETE /bans/{}",
      explain: (item) => _("{mask} can connect again.", { mask: plainName(mask(item)) }),
      done: N_("The ban was lifted."),
    },
  ],
};

/** @param {unknown} kind */
function kindText(kind) {
  if (kind === "mask") return _("mask");
  if (kind === "address") return _("address or network");
  return kind === "account" ? _("account") : kind;
}

/** @type {Section} */
const REPORTS = {
  id: "reports",
  title: N_("Reports"),
  icon: "help",
  path: "/reports",
  empty: N_("No report is open."),
  note: N_("Messages that members of channels have reported to their operators."),
  idOf: placeId,
  nameOf: (item) => _("Report {number} in {channel}", numbered(item)),
  columns: [
    { key: "channel", label: N_("Channel") },
    { key: "reason", label: N_("Reason") },
    { key: "source", label: N_("Author"), wide: true },
    { key: "text", label: N_("Message"), wide: true },
    { key: "by", label: N_("Reported by"), wide: true },
    { key: "reported", label: N_("Time"), kind: "time" },
    { key: "number", label: N_("Number"), kind: "id", hidden: true },
    { key: "msgid", label: N_("Id of the message"), hidden: true },
  ],
  actions: [
    {
      id: "report-close",
      label: N_("Close the report"),
      operation: "DELETE /reports/{}/{}",
      ids: place,
      explain: () => _("The report leaves the list; the message stays as it is."),
      done: N_("The report was closed."),
    },
    {
      id: "report-redact",
      label: N_("Delete the message"),
      danger: true,
      operation: "DELETE /history/{}/{}",
      ids: (item) => [item["channel"], item["msgid"]],
      available: ({ text }) => typeof text === "string",
      explain: () => _("It is deleted for everybody, for ever. The report stays until it is closed."),
      fields: [REASON],
      query: ({ reason }) => given({ reason }),
      done: N_("The message was deleted."),
    },
  ],
};

/** @type {Section} */
const HELD = {
  id: "held",
  title: N_("Held messages"),
  icon: "lock",
  path: "/held-messages",
  empty: N_("No message is held back."),
  note: N_("Messages that filters of channels keep from the members until somebody decides."),
  idOf: placeId,
  nameOf: (item) => _("Message {number} in {channel}", numbered(item)),
  columns: [
    { key: "channel", label: N_("Channel") },
    { key: "text", label: N_("Message") },
    { key: "source", label: N_("Author"), wide: true },
    { key: "pattern", label: N_("Filter"), wide: true },
    { key: "sent", label: N_("Time"), kind: "time" },
    { key: "number", label: N_("Number"), kind: "id", hidden: true },
  ],
  actions: [
    {
      id: "held-release",
      label: N_("Release"),
      operation: "POST /held-messages/{}/{}/release",
      ids: place,
      explain: (item) => _("The members of {channel} see the message now.", numbered(item)),
      done: N_("The message was released."),
    },
    {
      id: "held-drop",
      label: N_("Drop"),
      danger: true,
      operation: "DELETE /held-messages/{}/{}",
      ids: place,
      explain: () => _("The message is deleted, and nobody else sees it."),
      done: N_("The message was dropped."),
    },
  ],
};

/** @param {Item} item */
function numbered(item) {
  const [name, number] = place(item);
  return { channel: plainName(String(name ?? "")), number: String(number ?? "") };
}

export const RULES = [CHANNELS, BANS, REPORTS, HELD];
