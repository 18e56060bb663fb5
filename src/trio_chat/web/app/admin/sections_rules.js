/** Sections about order: channels, bans, reports. */

import { N_, _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { DURATION, REASON } from "./fields.js";

/** @import { Item } from "./listing.js" */
/** @import { Section } from "./sections.js" */

const mask = (/** @type {Item} */ item) => String(item["mask"] ?? "");

/** @type {Section} */
const CHANNELS = {
  id: "channels",
  title: N_("Channels"),
  icon: "hash",
  path: "/channels",
  empty: N_("There is no channel."),
  idOf: ({ name }) => String(name ?? ""),
  nameOf: ({ name }) => String(name ?? ""),
  order: { key: "name" },
  columns: [
    { key: "name", label: N_("Channel") },
    { key: "members", label: N_("Members"), kind: "number" },
    { key: "topic", label: N_("Topic"), wide: true },
    { key: "modes", label: N_("Modes"), wide: true },
    { key: "founder", label: N_("Founder"), wide: true },
  ],
};

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
    { key: "mask", label: N_("Mask, address or account") },
    { key: "reason", label: N_("Reason") },
    { key: "set_by", label: N_("Set by"), wide: true },
    { key: "created", label: N_("Set"), kind: "time", wide: true },
    { key: "expires", label: N_("Ends"), kind: "time" },
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
          name: "mask",
          label: N_("Mask, address or network"),
          hint: N_("Such as *!*@192.0.2.1, 192.0.2.0/24 or spam*!*@*."),
        },
        DURATION,
        REASON,
      ],
      body: ({ mask: wanted = "", seconds = "0", reason = "" }) => ({
        mask: wanted.trim(),
        seconds: Number(seconds),
        reason,
      }),
      done: N_("The ban is in force."),
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

export const RULES = [CHANNELS, BANS];
