/** Parts of the storage: how the space on the disk is divided. */

import { N_ } from "../platform/i18n.js";
import { valueOf } from "./values.js";

/** @import { Item } from "./listing.js" */

/**
 * @typedef {object} Part
 * @property {string} id
 * @property {string} label
 * @property {number} bytes
 */

/** Values of `/storage` that are parts of the disk, with their names. @type {[string, string][]} */
const PARTS = [
  ["database_bytes", N_("Database")],
  ["wal_bytes", N_("Changes not yet in the database file")],
  ["uploads_bytes", N_("Uploads")],
  ["backups_bytes", N_("Backups")],
];
const FREE = "free_bytes";
const TOTAL = "total_bytes";

/**
 * Return the parts that are known, then what others use of the disk, then what is free.
 * @param {Item} storage
 * @returns {Part[]}
 */
export function partsOf(storage) {
  const known = PARTS.map(([id, label]) => ({ id, label, bytes: bytesOf(storage, id) })).filter(
    ({ bytes }) => bytes > 0,
  );
  const used = known.reduce((sum, { bytes }) => sum + bytes, 0);
  const free = bytesOf(storage, FREE);
  const others = bytesOf(storage, TOTAL) - free - used;
  if (others > 0) known.push({ id: "other", label: N_("Other files on this disk"), bytes: others });
  if (free > 0) known.push({ id: "free", label: N_("Free"), bytes: free });
  return known;
}

/** Keys of `/storage` that the bar shows. */
export const SHOWN = new Set([...PARTS.map(([id]) => id), FREE, TOTAL]);

/**
 * @param {Item} storage
 * @param {string} key
 */
function bytesOf(storage, key) {
  const value = valueOf(storage, key);
  return typeof value === "number" && value > 0 ? value : 0;
}
