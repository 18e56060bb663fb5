/** Jobs: long work of the server, such as a backup, that goes on after its request was answered. */

import { N_, _ } from "../platform/i18n.js";
import { filled } from "./operations.js";
import { pause } from "./pause.js";

/** @import { Api } from "./api.js" */
/** @import { Item } from "./listing.js" */
/** @import { Column } from "./sections.js" */

/** Milliseconds between two questions. */
const PAUSE = 1000;
export const JOB = "/jobs/{}";

/** @type {Record<string, string>} */
const STATES = {
  running: N_("Running"),
  done: N_("Done"),
  failed: N_("Failed"),
  cancelled: N_("Cancelled"),
};
/** @type {Record<string, string>} */
const KINDS = {
  backup: N_("Backup"),
  check: N_("Check of the database"),
  prune: N_("Deletion of old messages"),
  forget: N_("Deletion of the messages of an account"),
};

/** What is found or made, in the order in which it is shown. @type {readonly Column[]} */
export const OUTCOME = [
  { key: "name", label: N_("File") },
  { key: "bytes", label: N_("Size"), kind: "size" },
  { key: "is_sound", label: N_("Everything is in order") },
  { key: "problems", label: N_("Problems") },
  { key: "deleted", label: N_("Deleted"), kind: "number" },
  { key: "of", label: N_("Found"), kind: "number" },
  { key: "rows", label: N_("Rows") },
  { key: "schema", label: N_("Version of the schema"), kind: "number" },
];

/** @param {Item} job */
export function stateOf({ state }) {
  const known = STATES[String(state)];
  return known ? _(known) : state;
}

/** @param {Item} job */
export function kindOf({ kind }) {
  const known = KINDS[String(kind)];
  return known ? _(known) : String(kind ?? "");
}

/**
 * Ask for a job until it has ended.
 * @param {Api} api
 * @param {Item} job As it was begun.
 * @param {(job: Item) => void} onChange
 * @param {AbortSignal} signal Ends the questions; the job goes on.
 * @param {number} [milliseconds] Between two questions.
 * @throws {Error} It cannot be asked for.
 */
export async function follow(api, job, onChange, signal, milliseconds = PAUSE) {
  let newest = job;
  while (newest["state"] === "running" && !signal.aborted) {
    await pause(milliseconds, signal);
    if (signal.aborted) return;
    newest = (await api.request("GET", filled(JOB, [job["id"]]), { signal })) ?? {};
    onChange(newest);
  }
}
