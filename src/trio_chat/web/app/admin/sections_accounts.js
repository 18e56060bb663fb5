/** Sections about accounts: those that there are, and the names of those that were deleted. */

import { N_, _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { DURATION, REASON, given } from "./fields.js";
import { shown } from "./values.js";

/** @import { Item } from "./listing.js" */
/** @import { Field, Section } from "./sections.js" */

const account = (/** @type {Item} */ { name }) => String(name ?? "");
const named = (/** @type {Item} */ item) => ({ name: plainName(account(item)) });
const isSuspended = (/** @type {Item} */ { suspended }) => typeof suspended === "string";

/** @type {Field} */
const PASSWORD = { name: "password", label: N_("New password"), type: "password" };

/** @param {any} result */
function ended(result) {
  const count = Number(result?.ended ?? result?.connections ?? 0);
  if (!count) return [];
  return [plural("{count} connection was ended.", "{count} connections were ended.", count)];
}

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
    { key: "registered", label: N_("Registered"), kind: "time", wide: true },
    { key: "sessions", label: N_("Connections"), kind: "number" },
    {
      key: "suspended",
      label: N_("Suspended"),
      value: (item) =>
        isSuspended(item) ? shown(item["suspended_until"], "time") || _("for ever") : "",
    },
    {
      key: "suspended_until",
      label: N_("Reason"),
      hidden: true,
      value: (item) => item["suspended"],
    },
    { key: "is_email_verified", label: N_("E-mail address verified"), hidden: true },
    { key: "has_second_factor", label: N_("Second factor"), wide: true },
    { key: "is_always_on", label: N_("Stays without connections"), hidden: true },
    { key: "seen", label: N_("Last seen"), kind: "time", hidden: true },
    { key: "devices", label: N_("Devices"), kind: "number", hidden: true },
    { key: "channels", label: N_("Channels"), hidden: true },
  ],
  related: [
    {
      label: N_("App passwords"),
      path: "/accounts/{}/app-passwords",
      text: ({ name, last_used: used, expires }) => {
        const time = shown(used, "time") || _("never");
        const until = shown(expires, "time");
        const values = { name: String(name ?? ""), time, until };
        return until
          ? _("{name}, last used: {time}, valid until {until}", values)
          : _("{name}, last used: {time}", values);
      },
    },
    {
      label: N_("Passkeys"),
      path: "/accounts/{}/passkeys",
      text: ({ name, last_used: used }) => {
        const time = shown(used, "time") || _("never");
        return _("{name}, last used: {time}", { name: String(name ?? ""), time });
      },
    },
    {
      label: N_("Scheduled messages"),
      path: "/accounts/{}/scheduled",
      text: ({ number, due, target, text }) => {
        const to = target ? plainName(String(target)) : _("reminder");
        const said = typeof text === "string" ? `: ${plainName(text)}` : "";
        return `${number}. ${shown(due, "time")}, ${to}${said}`;
      },
    },
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
      body: ({ name = "", password = "", email }) => ({
        name: name.trim(),
        password,
        ...given({ email }),
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
      lines: ended,
    },
    {
      id: "account-email",
      label: N_("Set the e-mail address"),
      operation: "PATCH /accounts/{}",
      explain: (item) => _("{name} is written to at this address. An empty one removes it.", named(item)),
      fields: [
        {
          name: "email",
          label: N_("E-mail address"),
          optional: true,
          value: ({ email }) => String(email ?? ""),
        },
        {
          name: "verified",
          label: N_("Verified"),
          type: "check",
          hint: N_("The owner of the account is known to receive mail there."),
          value: ({ is_email_verified: is }) => (is === true ? "yes" : ""),
        },
      ],
      body: ({ email = "", verified }) => ({
        email: email.trim(),
        is_email_verified: verified === "yes",
      }),
      done: N_("The e-mail address was set."),
    },
    {
      id: "account-second-factor",
      label: N_("Remove the second factor"),
      danger: true,
      operation: "DELETE /accounts/{}/second-factor",
      available: ({ has_second_factor: has }) => has === true,
      explain: (item) => _("The password of {name} alone logs in then.", named(item)),
      done: N_("The second factor was removed."),
    },
    {
      id: "account-passkey",
      label: N_("Remove a passkey"),
      danger: true,
      operation: "DELETE /accounts/{}/passkeys/{}",
      ids: (item, { passkey = "" }) => [account(item), passkey.trim()],
      explain: (item) => _("The passkey logs in to {name} no longer; connections stay.", named(item)),
      fields: [{ name: "passkey", label: N_("Its name") }],
      done: N_("The passkey was removed."),
    },
    {
      id: "account-unschedule",
      label: N_("Cancel a scheduled message"),
      danger: true,
      operation: "DELETE /accounts/{}/scheduled/{}",
      ids: (item, { number = "" }) => [account(item), number.trim()],
      explain: (item) => _("{name} is not told that the message will not be sent.", named(item)),
      fields: [{ name: "number", label: N_("Its number") }],
      done: N_("The message was cancelled."),
    },
    {
      id: "account-log-out",
      label: N_("Log out everywhere"),
      operation: "DELETE /accounts/{}/sessions",
      available: ({ sessions }) => sessions !== 0,
      explain: (item) => _("All connections of {name} are ended; it can log in again.", named(item)),
      done: N_("The account was logged out."),
      lines: ended,
    },
    {
      id: "account-suspend",
      label: N_("Suspend"),
      danger: true,
      operation: "POST /accounts/{}/suspension",
      available: (item) => !isSuspended(item),
      explain: (item) =>
        _("{name} is disconnected, and cannot log in until the suspension ends.", named(item)),
      fields: [DURATION, REASON],
      body: ({ seconds, reason = "" }) => ({ seconds: Number(seconds), reason: reason.trim() }),
      done: N_("The account was suspended."),
      lines: ended,
    },
    {
      id: "account-resume",
      label: N_("End the suspension"),
      operation: "DELETE /accounts/{}/suspension",
      available: isSuspended,
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
          "This deletes the account {name} with its settings and devices, for ever. Nobody can register the name until it is freed.",
          named(item),
        ),
      done: N_("The account was deleted."),
    },
    {
      id: "account-forget",
      label: N_("Delete with all messages"),
      danger: true,
      operation: "POST /accounts/{}/forget",
      explain: (item) =>
        _("This deletes the account {name} and all that it has said anywhere, for ever.", named(item)),
      done: N_("The deletion has begun."),
      isJob: true,
    },
  ],
};

/** @type {Section} */
const DROPPED = {
  id: "dropped",
  title: N_("Deleted accounts"),
  icon: "trash",
  path: "/dropped-accounts",
  empty: N_("No name of a deleted account is kept."),
  note: N_("Nobody can register these names, so that nobody is taken for their former owners."),
  idOf: account,
  nameOf: account,
  order: { key: "name" },
  columns: [{ key: "name", label: N_("Name") }],
  actions: [
    {
      id: "dropped-free",
      label: N_("Free the name"),
      danger: true,
      operation: "DELETE /dropped-accounts/{}",
      explain: (item) => _("Anybody can register {name} then.", named(item)),
      done: N_("The name is free."),
    },
  ],
};

export const ACCOUNT_SECTIONS = [ACCOUNTS, DROPPED];
