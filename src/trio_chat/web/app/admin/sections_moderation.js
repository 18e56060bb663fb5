/** Sections about the moderation of the whole server: its filters, raid mode, reports, held messages. */

import { N_, _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { SHORT_DURATION, given } from "./fields.js";

/** @import { Item } from "./listing.js" */
/** @import { Section } from "./sections.js" */

const numberOf = (/** @type {Item} */ { number }) => String(number ?? "");
/** @param {Item} item */
function reportersOf({ reporters }) {
  if (reporters === null || typeof reporters !== "object") return reporters;
  return Object.entries(reporters).map(([nick, reason]) => (reason ? `${nick}: ${reason}` : nick));
}

const pattern = (/** @type {Item} */ item) => String(item["pattern"] ?? "");

/** @type {Section} */
const SERVER_REPORTS = {
  id: "server-reports",
  title: N_("Reported to the server"),
  icon: "help",
  path: "/server-reports",
  empty: N_("No report to the operators of the server is open."),
  note: N_("Users and messages, also private ones, that users have reported to the operators of the server."),
  idOf: numberOf,
  nameOf: (item) => _("Report {number}", { number: numberOf(item) }),
  columns: [
    { key: "source", label: N_("About") },
    { key: "target", label: N_("In"), wide: true },
    { key: "text", label: N_("Message") },
    { key: "reporters", label: N_("Reported by"), value: (item) => reportersOf(item) },
    { key: "reported", label: N_("Time"), kind: "time" },
    { key: "account", label: N_("Account"), hidden: true },
    { key: "number", label: N_("Number"), kind: "id", hidden: true },
    { key: "msgid", label: N_("Id of the message"), hidden: true },
  ],
  actions: [
    {
      id: "server-report-resolve",
      label: N_("Resolve"),
      operation: "DELETE /server-reports/{}",
      explain: () => _("The report is closed, and those who made it hear so, with your note."),
      fields: [
        {
          name: "note",
          label: N_("Note"),
          optional: true,
          hint: N_("Such as: the user was banned."),
        },
      ],
      query: ({ note }) => given({ note }),
      done: N_("The report was resolved."),
    },
    {
      id: "server-report-dismiss",
      label: N_("Dismiss"),
      operation: "DELETE /server-reports/{}",
      explain: () => _("The report is closed without a measure, and those who made it hear so."),
      fields: [
        {
          name: "note",
          label: N_("Note"),
          value: () => _("nothing in it is against the rules"),
        },
      ],
      query: ({ note }) => given({ note }),
      done: N_("The report was dismissed."),
    },
  ],
};

/** @type {Section} */
const SERVER_HELD = {
  id: "server-held",
  title: N_("Held by the server"),
  icon: "lock",
  path: "/server-held-messages",
  empty: N_("The filters of the server hold no message back."),
  note: N_("Messages to channels that filters of the server hold back until somebody decides."),
  idOf: numberOf,
  nameOf: (item) => _("Message {number} in {channel}", placed(item)),
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
      id: "server-held-release",
      label: N_("Release"),
      operation: "POST /server-held-messages/{}/release",
      explain: (item) => _("The members of {channel} see the message now.", placed(item)),
      done: N_("The message was released."),
    },
    {
      id: "server-held-drop",
      label: N_("Drop"),
      danger: true,
      operation: "DELETE /server-held-messages/{}",
      explain: () => _("The message is deleted, and nobody else sees it."),
      done: N_("The message was dropped."),
    },
  ],
};

/** @param {Item} item */
function placed(item) {
  return { channel: plainName(String(item["channel"] ?? "")), number: numberOf(item) };
}

/** @type {Section} */
const FILTERS = {
  id: "filters",
  title: N_("Filters"),
  icon: "search",
  path: "/filters",
  empty: N_("The server has no filter."),
  note: N_("Words and links that the server refuses, holds back, or shows to its operators."),
  idOf: pattern,
  nameOf: pattern,
  columns: [
    { key: "pattern", label: N_("Pattern") },
    { key: "action", label: N_("Action"), value: ({ action }) => actionText(action) },
    { key: "places", label: N_("Looks at"), wide: true, value: (item) => placesText(item) },
    { key: "set_by", label: N_("Set by"), wide: true },
    { key: "created", label: N_("Set"), kind: "time" },
  ],
  create: [
    {
      id: "filter-add",
      label: N_("Add a filter"),
      operation: "POST /filters",
      ids: () => [],
      explain: () => _("It looks at what users write from now on, in other spellings, too."),
      fields: [
        {
          name: "pattern",
          label: N_("Pattern"),
          hint: N_("Words, in which * stands for any letters; link for any link, or link:example.org."),
        },
        {
          name: "action",
          label: N_("Action"),
          choices: [
            ["refuse", N_("refuse")],
            ["hold", N_("hold back for an operator")],
            ["flag", N_("deliver, and show operators")],
            ["allow", N_("allow such links")],
          ],
        },
        {
          name: "place",
          label: N_("Looks at"),
          choices: [
            ["", N_("everything")],
            ["channels", N_("messages in channels")],
            ["private", N_("private messages")],
            ["nicks", N_("nicknames and names of channels")],
            ["topics", N_("topics")],
            ["reasons", N_("reasons of leaving")],
            ["profiles", N_("away messages, real names and profiles")],
          ],
        },
      ],
      body: ({ pattern: wanted = "", action, place }) => ({
        pattern: wanted.trim(),
        action,
        places: place ? [place] : [],
      }),
      done: N_("The filter was added."),
    },
  ],
  actions: [
    {
      id: "filter-remove",
      label: N_("Remove"),
      danger: true,
      operation: "DELETE /filters",
      ids: () => [],
      explain: (item) =>
        _("Messages with {pattern} are delivered again.", { pattern: plainName(pattern(item)) }),
      query: (_values, item) => ({ pattern: pattern(item) }),
      done: N_("The filter was removed."),
    },
  ],
};

/** @param {unknown} action */
function actionText(action) {
  if (action === "refuse") return _("refuse");
  if (action === "hold") return _("hold back for an operator");
  if (action === "flag") return _("deliver, and show operators");
  return action === "allow" ? _("allow such links") : action;
}

const PLACES = 6;

/** @param {Item} item */
function placesText({ places }) {
  if (!Array.isArray(places)) return places;
  return places.length >= PLACES ? _("everything") : places.map(placeText);
}

/** @param {unknown} place */
function placeText(place) {
  if (place === "channels") return _("messages in channels");
  if (place === "private") return _("private messages");
  if (place === "nicks") return _("nicknames and names of channels");
  if (place === "topics") return _("topics");
  if (place === "reasons") return _("reasons of leaving");
  return place === "profiles" ? _("away messages, real names and profiles") : place;
}

/** @type {Section} */
const RAID = {
  id: "raid",
  title: N_("Raid mode"),
  icon: "shield",
  path: "/raid",
  view: "server",
  empty: "",
  note: N_("Against many strangers at once: newcomers without an account can neither join nor write."),
  idOf: () => "",
  nameOf: () => "",
  columns: [
    { key: "is_on", label: N_("Raid mode is on") },
    { key: "until", label: N_("Ends"), kind: "time" },
    { key: "set_by", label: N_("Set by") },
  ],
  create: [
    {
      id: "raid-on",
      label: N_("Turn raid mode on"),
      danger: true,
      operation: "PUT /raid",
      ids: () => [],
      explain: () =>
        _("Users without an account that have come lately, or come now, can neither join nor write, and no accounts are registered. It ends by itself."),
      fields: [SHORT_DURATION],
      body: ({ seconds }) => ({ seconds: Number(seconds) }),
      done: N_("Raid mode is on."),
    },
    {
      id: "raid-off",
      label: N_("Turn raid mode off"),
      operation: "DELETE /raid",
      ids: () => [],
      explain: () => _("Newcomers can join and write again."),
      done: N_("Raid mode is off."),
    },
  ],
};

export const MODERATION = [SERVER_REPORTS, SERVER_HELD, FILTERS, RAID];
