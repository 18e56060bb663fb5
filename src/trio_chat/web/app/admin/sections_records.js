/** Sections about what the server keeps: hooks, tokens, the audit log, itself with its certificate. */

import { N_, _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { STORED } from "./sections_storage.js";
import { LIFETIME, endOf, given, linesOf } from "./fields.js";

/** @import { Item } from "./listing.js" */
/** @import { Section } from "./sections.js" */

const named = (/** @type {Item} */ { name }) => String(name ?? "");

const isOutgoing = (/** @type {Item} */ { direction }) => direction === "out";

/** @type {Section} */
const HOOKS = {
  id: "hooks",
  title: N_("Webhooks"),
  icon: "send",
  path: "/hooks",
  empty: N_("There is no webhook."),
  note: N_("Programs write to channels by incoming webhooks; outgoing ones post to an address."),
  idOf: ({ id }) => String(id ?? ""),
  nameOf: named,
  columns: [
    { key: "name", label: N_("Name") },
    { key: "channel", label: N_("Channel") },
    {
      key: "direction",
      label: N_("Direction"),
      wide: true,
      value: (item) => (isOutgoing(item) ? _("outgoing") : _("incoming")),
    },
    { key: "last_used", label: N_("Last used"), kind: "time" },
    { key: "is_enabled", label: N_("Enabled"), wide: true },
    { key: "failing_since", label: N_("Failing since"), kind: "time", wide: true },
    { key: "host", label: N_("Posts to"), hidden: true },
    { key: "is_signed", label: N_("Signed"), hidden: true },
    { key: "events", label: N_("Events"), hidden: true },
    { key: "nicks", label: N_("Only of"), hidden: true },
    { key: "words", label: N_("Only with"), hidden: true },
    { key: "made_by", label: N_("Made by"), hidden: true },
    { key: "created", label: N_("Made"), kind: "time", hidden: true },
    { key: "id", label: N_("Id"), hidden: true },
  ],
  create: [
    {
      id: "hook-add",
      label: N_("Make a webhook"),
      operation: "POST /hooks",
      ids: () => [],
      explain: () => _("A program that knows its address can write to the channel."),
      fields: [
        { name: "channel", label: N_("Channel"), hint: N_("A registered one, or the lobby.") },
        { name: "name", label: N_("Name"), hint: N_("Its messages are shown under it.") },
        {
          name: "url",
          label: N_("Address to post to"),
          optional: true,
          hint: N_("Only for an outgoing webhook, which posts the messages of the channel there."),
        },
      ],
      body: ({ channel = "", name = "", url }) => ({
        channel: channel.trim(),
        name: name.trim(),
        ...given({ url }),
      }),
      done: N_("The webhook was made."),
      secret: (result) => String(result?.address || (result?.signing ?? "")),
    },
  ],
  actions: [
    {
      id: "hook-enable",
      label: N_("Enable"),
      operation: "PATCH /hooks/{}",
      available: (item) => isOutgoing(item) && item["is_enabled"] === false,
      explain: () => _("It goes on from where it was, with the messages since then."),
      body: () => ({ is_enabled: true }),
      done: N_("The webhook is enabled."),
    },
    {
      id: "hook-disable",
      label: N_("Disable"),
      operation: "PATCH /hooks/{}",
      available: (item) => isOutgoing(item) && item["is_enabled"] === true,
      explain: () => _("It posts nothing until it is enabled again."),
      body: () => ({ is_enabled: false }),
      done: N_("The webhook is disabled."),
    },
    {
      id: "hook-remove",
      label: N_("Revoke"),
      danger: true,
      operation: "DELETE /hooks/{}",
      explain: (item) =>
        _("Programs can write nothing any longer by the address of {name}.", {
          name: plainName(named(item)),
        }),
      done: N_("The webhook was revoked."),
    },
  ],
};

/** @type {Section} */
const TOKENS = {
  id: "tokens",
  title: N_("API tokens"),
  icon: "key",
  path: "/tokens",
  empty: N_("No program has a token for the API."),
  note: N_("Programs use the API of this server with these tokens, each with its scopes."),
  idOf: named,
  nameOf: named,
  columns: [
    { key: "name", label: N_("Name") },
    { key: "scopes", label: N_("Scopes"), wide: true },
    { key: "made_by", label: N_("Made by"), wide: true },
    { key: "created", label: N_("Made"), kind: "time", wide: true },
    { key: "expires", label: N_("Ends"), kind: "time" },
    { key: "last_used", label: N_("Last used"), kind: "time" },
    { key: "id", label: N_("Id"), hidden: true },
    { key: "is_expired", label: N_("Expired"), hidden: true },
  ],
  create: [
    {
      id: "token-add",
      label: N_("Make a token"),
      operation: "POST /tokens",
      ids: () => [],
      explain: () => _("A program with this token can do what its scopes permit."),
      fields: [
        { name: "name", label: N_("Name") },
        { name: "scopes", label: N_("Scopes"), type: "scopes" },
        LIFETIME,
      ],
      body: ({ name = "", scopes, seconds }) => ({
        name: name.trim(),
        scopes: linesOf(scopes),
        expires: endOf(seconds),
      }),
      done: N_("The token was made."),
      secret: (result) => String(result?.secret ?? ""),
    },
  ],
  actions: [
    {
      id: "token-revoke",
      label: N_("Revoke"),
      danger: true,
      operation: "DELETE /tokens/{}",
      explain: (item) =>
        _("Programs with the token {name} can do nothing any longer.", {
          name: plainName(named(item)),
        }),
      done: N_("The token was revoked."),
    },
  ],
};

/** @type {Section} */
const AUDIT = {
  id: "audit",
  title: N_("Audit log"),
  icon: "check",
  path: "/audit",
  empty: N_("Nothing was done yet that the audit log has."),
  note: N_("What operators of the server and API tokens have done, the newest first."),
  idOf: ({ number }) => String(number ?? ""),
  nameOf: ({ number }) => _("Entry {number}", { number: String(number ?? "") }),
  columns: [
    { key: "time", label: N_("Time"), kind: "time" },
    { key: "actor", label: N_("Actor") },
    { key: "text", label: N_("Action") },
    { key: "address", label: N_("Address"), wide: true },
    { key: "number", label: N_("Number"), kind: "id", hidden: true },
  ],
};

/** @type {Section} */
const SERVER = {
  id: "server",
  title: N_("Server"),
  icon: "device",
  path: "/server",
  view: "server",
  empty: "",
  idOf: () => "",
  nameOf: () => "",
  columns: [
    { key: "name", label: N_("Name") },
    { key: "network", label: N_("Network") },
    { key: "description", label: N_("Description") },
    { key: "version", label: N_("Version") },
    { key: "started", label: N_("Started"), kind: "time" },
    { key: "uptime", label: N_("Running for"), kind: "duration" },
    { key: "lobby", label: N_("Lobby") },
    { key: "motd", label: N_("Message of the day") },
    { key: "limits", label: N_("Limits") },
    { key: "nodes", label: N_("Nodes of the cluster") },
  ],
  create: [
    {
      id: "rehash",
      label: N_("Read config.ini again"),
      operation: "POST /server/rehash",
      ids: () => [],
      explain: () =>
        _("The server reads config.ini, and uses what can be changed while it is running."),
      done: N_("config.ini was read."),
      lines: (result) => (Array.isArray(result?.changes) ? result.changes.map(String) : []),
    },
  ],
};

/** @type {Section} */
const CERTIFICATE = {
  id: "certificate",
  title: N_("Certificate"),
  icon: "lock",
  path: "/certificate",
  view: "server",
  empty: "",
  idOf: () => "",
  nameOf: () => "",
  columns: [
    { key: "expires", label: N_("Valid until"), kind: "time" },
    { key: "names", label: N_("Names") },
    { key: "is_own", label: N_("Made by this server") },
    { key: "has_authority", label: N_("Signed by its private authority") },
    { key: "fingerprint", label: N_("Fingerprint (SHA-256)") },
    { key: "key_fingerprint", label: N_("Fingerprint of the key (SHA-256)") },
  ],
  create: [
    {
      id: "certificate-renew",
      label: N_("Make a new certificate"),
      danger: true,
      operation: "POST /certificate/renew",
      ids: () => [],
      explain: () => _("Clients that have noted the present one ask whether to trust the new one."),
      fields: [
        {
          name: "authority",
          label: N_("Make another private authority, too"),
          type: "check",
          hint: N_("Everybody has to install it anew."),
        },
      ],
      body: ({ authority }) => ({ authority: authority === "yes" }),
      done: N_("The certificate was made."),
    },
  ],
};

/** @type {Section} */
const CONFIGURATION = {
  id: "configuration",
  title: N_("Configuration"),
  icon: "settings",
  path: "/configuration",
  empty: N_("There is nothing to show."),
  note: N_("The keys of config.ini with the values in force. Secrets are never shown."),
  idOf: ({ section, key }) => `${section} ${key}`,
  nameOf: ({ section, key }) => `[${section}] ${key}`,
  columns: [
    { key: "key", label: N_("Key") },
    { key: "section", label: N_("Section") },
    {
      key: "value",
      label: N_("Value"),
      value: ({ value, is_secret: isSecret }) => (isSecret ? _("(secret)") : value),
    },
    { key: "is_secret", label: N_("Secret"), hidden: true },
  ],
};

export const RECORDS = [HOOKS, ...STORED, TOKENS, AUDIT, SERVER, CERTIFICATE, CONFIGURATION];
