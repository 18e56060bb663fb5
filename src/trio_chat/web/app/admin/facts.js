/** Facts: all that the API says about one item, under the names of the columns where there are. */

import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { longTime, raw, shown } from "./values.js";

/** @import { Item } from "./listing.js" */
/** @import { Column } from "./sections.js" */

const LONGEST_NAME = 60;
const MOST = 60;

/**
 * Return the names and values of an item: those of the columns first, then all others, so that the
 * page shows what a newer server says, too.
 * @param {Item} item
 * @param {readonly Column[]} columns
 * @returns {[string, string][]}
 */
export function factsOf(item, columns) {
  const known = new Set(columns.flatMap(({ key, covers = [] }) => [key.split(".")[0], ...covers]));
  const others = Object.keys(item)
    .filter((key) => !known.has(key))
    .slice(0, MOST);
  /** @type {[string, string][]} */
  const all = [
    ...columns.map((column) => named(_(column.label), raw(item, column), column.kind)),
    ...others.map((key) => named(plainName(key).slice(0, LONGEST_NAME), item[key])),
  ];
  return all.filter(([, value]) => value !== "");
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Column["kind"]} [kind]
 * @returns {[string, string]}
 */
function named(name, value, kind) {
  const isTime = kind === "time" || (typeof value === "string" && ISO.test(value));
  return [name, (isTime && longTime(value)) || shown(value, kind)];
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/u;
