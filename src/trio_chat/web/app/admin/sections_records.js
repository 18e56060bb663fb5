/** Sections about what the server keeps: hooks, files, backups, tokens, the audit log, itself. */

import { N_, _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { LIFETIME, endOf, linesOf } from "./fields.js";

/** @import { Item } from "./listing.js" */
/** @import { Section } from "./sections.js" */

const named = (/** @type {Item} */ { name }) => String(name ?? "");

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
const STORAGE = {
  id: "storage",
  title: N_("Storage"),
  icon: "down",
  path: "/storage",
  view: "storage",
  empty: "",
  idOf: () => "",
  nameOf: () => "",
  columns: [],
};

export const RECORDS = [STORAGE, TOKENS, SERVER];
