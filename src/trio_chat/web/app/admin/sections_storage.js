/** Sections about what is on the disk: its space, uploads, the history, backups, and jobs with them. */

import { N_, _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { given } from "./fields.js";
import { kindOf, stateOf } from "./jobs.js";

/** @import { Item } from "./listing.js" */
/** @import { Section } from "./sections.js" */

const named = (/** @type {Item} */ { name }) => String(name ?? "");

/** @type {Section} */
const STORAGE = {
  id: "storage",
  title: N_("Storage"),
  icon: "file",
  path: "/storage",
  view: "storage",
  empty: "",
  idOf: () => "",
  nameOf: () => "",
  columns: [
    { key: "uploads", label: N_("Uploaded files"), kind: "number" },
    { key: "reserve_bytes", label: N_("Kept free, messages of guests are refused"), kind: "size" },
  ],
  create: [
    {
      id: "storage-check",
      label: N_("Check the database"),
      operation: "POST /storage/check",
      ids: () => [],
      explain: () => _("The server reads the whole database, while everything goes on."),
      done: N_("The check has begun."),
      isJob: true,
    },
  ],
};

/** @type {Section} */
const UPLOADS = {
  id: "uploads",
  title: N_("Uploads"),
  icon: "attach",
  path: "/uploads",
  empty: N_("There is no uploaded file."),
  idOf: named,
  nameOf: ({ filename, name }) => String(filename || (name ?? "")),
  columns: [
    { key: "filename", label: N_("File") },
    { key: "type", label: N_("Type"), wide: true },
    { key: "bytes", label: N_("Size"), kind: "size" },
    { key: "account", label: N_("Account"), value: ({ account }) => account || _("guest") },
    { key: "created", label: N_("Uploaded"), kind: "time", wide: true },
    { key: "address", label: N_("Address"), hidden: true },
    { key: "name", label: N_("Name in the link"), hidden: true },
  ],
  create: [
    {
      id: "uploads-forget",
      label: N_("Forget missing files"),
      operation: "POST /uploads/forget-missing",
      ids: () => [],
      explain: () => _("Files whose bytes are not on the disk any longer leave the list."),
      done: N_("It is done."),
      lines: (result) => {
        const count = Array.isArray(result?.names) ? result.names.length : 0;
        return [plural("{count} file was missing.", "{count} files were missing.", count)];
      },
    },
  ],
  actions: [
    {
      id: "upload-delete",
      label: N_("Delete"),
      danger: true,
      operation: "DELETE /uploads/{}",
      explain: () => _("The file is deleted for ever; messages with its link stay."),
      done: N_("The file was deleted."),
    },
  ],
};

/** @type {Section} */
const HISTORY = {
  id: "history",
  title: N_("History"),
  icon: "away",
  path: "/history",
  empty: N_("No channel has stored messages."),
  idOf: ({ channel }) => String(channel ?? ""),
  nameOf: ({ channel }) => String(channel ?? ""),
  columns: [
    { key: "channel", label: N_("Channel") },
    { key: "messages", label: N_("Messages"), kind: "number" },
  ],
  create: [
    {
      id: "history-prune",
      label: N_("Delete old messages"),
      confirm: N_("Delete"),
      danger: true,
      operation: "POST /history/prune",
      ids: () => [],
      explain: () => _("They are deleted for ever. A backup has them only if it was made before."),
      fields: [
        { name: "days", label: N_("Older than days"), type: "number" },
        { name: "channel", label: N_("Channel"), optional: true, hint: N_("Empty for all.") },
      ],
      body: ({ days, channel }) => ({ keep_days: Number(days), ...given({ channel }) }),
      done: N_("The deletion has begun."),
      isJob: true,
    },
  ],
};

/** @type {Section} */
const BACKUPS = {
  id: "backups",
  title: N_("Backups"),
  icon: "copy",
  path: "/backups",
  empty: N_("No backup was made here yet."),
  note: N_("Copies of the database in a directory of the server; they have no uploaded files."),
  idOf: named,
  nameOf: named,
  order: { key: "made", descending: true },
  columns: [
    { key: "name", label: N_("File") },
    { key: "bytes", label: N_("Size"), kind: "size" },
    { key: "made", label: N_("Made"), kind: "time" },
  ],
  create: [
    {
      id: "backup-start",
      label: N_("Start a backup"),
      operation: "POST /backups",
      ids: () => [],
      explain: () => _("The server copies its database to a new file, while everything goes on."),
      done: N_("The backup has begun."),
      isJob: true,
    },
  ],
  actions: [
    {
      id: "backup-delete",
      label: N_("Delete"),
      danger: true,
      operation: "DELETE /backups/{}",
      explain: (item) => _("{name} is deleted for ever.", { name: plainName(named(item)) }),
      done: N_("The backup was deleted."),
    },
  ],
};

/** @type {Section} */
const JOBS = {
  id: "jobs",
  title: N_("Jobs"),
  icon: "retry",
  path: "/jobs",
  empty: N_("No job is running, and none has ended lately."),
  idOf: ({ id }) => String(id ?? ""),
  nameOf: kindOf,
  order: { key: "started", descending: true },
  columns: [
    { key: "kind", label: N_("Job"), value: kindOf },
    { key: "state", label: N_("State"), value: stateOf },
    { key: "progress", label: N_("Progress"), kind: "percent" },
    { key: "started_by", label: N_("Started by"), wide: true },
    { key: "started", label: N_("Started"), kind: "time", wide: true },
    { key: "ended", label: N_("Ended"), kind: "time", wide: true },
    { key: "outcome", label: N_("Outcome"), hidden: true },
    { key: "problem", label: N_("Problem"), hidden: true },
    { key: "id", label: N_("Id"), hidden: true },
  ],
  actions: [
    {
      id: "job-cancel",
      label: N_("Cancel the job"),
      danger: true,
      operation: "DELETE /jobs/{}",
      available: ({ state }) => state === "running",
      explain: () => _("What it has done so far stays; it begins anew when it is started again."),
      done: N_("The job was cancelled."),
    },
  ],
};

export const STORED = [STORAGE, UPLOADS, HISTORY, BACKUPS, JOBS];
