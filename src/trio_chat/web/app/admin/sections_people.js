/** Sections about people: sessions, accounts, devices, invitations. */

import { N_, _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { DURATION, LIFETIME, REASON } from "./fields.js";

/** @import { Item } from "./listing.js" */
/** @import { Field, Section } from "./sections.js" */

const nick = (/** @type {Item} */ { nick: name }) => String(name ?? "");
const account = (/** @type {Item} */ { name }) => String(name ?? "");
const named = (/** @type {Item} */ item) => ({ name: plainName(account(item)) });

/** @type {Field} */
const PASSWORD = { name: "password", label: N_("New password"), type: "password" };

/** @type {Section} */
const SESSIONS = {
  id: "sessions",
  title: N_("Who is here"),
  icon: "members",
  path: "/sessions",
  empty: N_("Nobody is here."),
  idOf: ({ id }) => String(id ?? ""),
  nameOf: nick,
  order: { key: "nick" },
  columns: [
    { key: "nick", label: N_("Nickname") },
    { key: "account", label: N_("Account") },
    { key: "address", label: N_("Address"), wide: true },
    { key: "client", label: N_("Program"), wide: true },
    { key: "connected", label: N_("Here since"), kind: "time" },
    { key: "idle", label: N_("Idle"), kind: "duration", wide: true },
  ],
  actions: [
    {
      id: "kill",
      label: N_("Disconnect"),
      danger: true,
      operation: "DELETE /sessions/{}",
      explain: (item) =>
        _("This ends the connection of {nick}. Its user can connect again; a ban prevents that.", {
          nick: plainName(nick(item)),
        }),
      fields: [REASON],
      body: ({ reason = "" }) => ({ reason }),
      done: N_("The connection was ended."),
    },
  ],
};

/** @type {Section} */
const ACCOUNTS = {
  id: "accounts",
  title: N_("Accounts"),
  icon: "user",
  path: "/accounts",
  empty: N_("Nobody has an account yet."),
  idOf: account,
  nameOf: account,
  order: { key: "name" },
  columns: [
    { key: "name", label: N_("Account") },
    { key: "email", label: N_("E-mail address"), wide: true },
    { key: "suspended", label: N_("Suspended") },
    { key: "registered", label: N_("Registered"), kind: "time" },
    { key: "seen", label: N_("Last seen"), kind: "time", wide: true },
  ],
  create: [
    {
      id: "account-add",
      label: N_("Add an account"),
      operation: "POST /accounts",
      ids: () => [],
      explain: () => _("The nickname belongs to the account from now on."),
      fields: [
        { name: "name", label: N_("Nickname") },
        PASSWORD,
        { name: "email", label: N_("E-mail address"), optional: true },
      ],
      body: ({ name = "", password = "", email = "" }) => ({
        name,
        password,
        ...(email ? { email } : {}),
      }),
      done: N_("The account was added."),
    },
  ],
  actions: [
    {
      id: "account-password",
      label: N_("Set a password"),
      operation: "PUT /accounts/{}/password",
      explain: (item) =>
        _("All devices of {name} have to log in again with the new password.", named(item)),
      fields: [PASSWORD],
      body: ({ password = "" }) => ({ password }),
      done: N_("The password was set."),
    },
    {
      id: "account-suspend",
      label: N_("Suspend"),
      danger: true,
      operation: "POST /accounts/{}/suspension",
      explain: (item) =>
        _("{name} is disconnected, and cannot log in until the suspension ends.", named(item)),
      fields: [DURATION, REASON],
      body: ({ seconds = "0", reason = "" }) => ({ seconds: Number(seconds), reason }),
      done: N_("The account was suspended."),
    },
    {
      id: "account-resume",
      label: N_("End the suspension"),
      operation: "DELETE /accounts/{}/suspension",
      explain: (item) => _("{name} can log in again.", named(item)),
      done: N_("The suspension was ended."),
    },
    {
      id: "account-delete",
      label: N_("Delete"),
      danger: true,
      operation: "DELETE /accounts/{}",
      explain: (item) =>
        _(
          "This deletes the account {name} with its settings, devices and private messages, for ever. Nobody else can register the name until it is freed.",
          named(item),
        ),
      done: N_("The account was deleted."),
    },
  ],
};

export const PEOPLE = [SESSIONS, ACCOUNTS];
export { LIFETIME };
