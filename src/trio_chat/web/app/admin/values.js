/** Values of the API as texts: times, sizes, lists. All that a server says is text, and never HTML. */

import { duration, fileSize, fullTime, shortTime } from "../platform/dates.js";
import { _, language, numberText } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";

/** @import { Column } from "./sections.js" */
/** @import { Item } from "./listing.js" */

/** Characters of a value in a cell; the details have all. */
const LONGEST = 200;
/**
 * Return a value of an item; undefined when there is none.
 * @param {Item} item
 * @param {string} key With dots for values within values.
 * @returns {any}
 */
export function valueOf(item, key) {
  /** @type {any} */
  let value = item;
  for (const name of key.split(".")) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/**
 * @param {Item} item
 * @param {Column} column
 */
export function raw(item, column) {
  return column.value ? column.value(item) : valueOf(item, column.key);
}

/**
 * Return what a table shows; "" for nothing.
 * @param {Item} item
 * @param {Column} column
 */
export function cellText(item, column) {
  const text = shown(raw(item, column), column.kind);
  return text.length > LONGEST ? `${[...text].slice(0, LONGEST).join("")}…` : text;
}

/**
 * Return the text by which an item is found.
 * @param {Item} item
 * @param {Column} column
 */
export function plainText(item, column) {
  return shown(raw(item, column), column.kind);
}

/**
 * Return a value as text; "" for nothing.
 * @param {unknown} value
 * @param {Column["kind"]} [kind]
 * @returns {string}
 */
export function shown(value, kind = "text") {
  if (value === undefined || value === null || value === "") return "";
  if (kind === "time") {
    const time = timeOf(value);
    return time === null ? plainName(String(value)) : shortTime(time);
  }
  if (kind === "id") return plainName(String(value)); // which one types as it is
  if (kind === "size" && typeof value === "number") return sizeText(value);
  if (kind === "percent" && typeof value === "number")
    return value.toLocaleString(language.value, { style: "percent" });
  if (kind === "duration" && typeof value === "number") return duration(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "boolean") return value ? _("yes") : _("no");
  if (Array.isArray(value)) return value.map((each) => shown(each)).filter(Boolean).join(", ");
  if (typeof value === "object") {
    return Object.entries(/** @type {object} */ (value))
      .map(([name, each]) => [name, shown(each)])
      .filter(([, each]) => each)
      .map(([name, each]) => `${name}: ${each}`)
      .join(", ");
  }
  return plainName(String(value));
}

/** @param {number} bytes */
function sizeText(bytes) {
  if (bytes < 1e9) return fileSize(bytes);
  const options = { style: "unit", unit: "gigabyte", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(
    language.value,
    /** @type {Intl.NumberFormatOptions} */ (options),
  ).format(bytes / 1e9);
}

/**
 * Return a time in full, for a tooltip; "" for what is none.
 * @param {unknown} value
 */
export function longTime(value) {
  const time = timeOf(value);
  return time === null ? "" : fullTime(time);
}

/**
 * Return a time of the API in milliseconds; null for what is none.
 * @param {unknown} value ISO 8601.
 */
export function timeOf(value) {
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isFinite(time) ? time : null;
}

/**
 * Return what orders an item in a column; null for nothing.
 * @param {Item} item
 * @param {Column} column
 * @returns {string|number|null}
 */
export function sortValue(item, column) {
  const value = raw(item, column);
  if (value === undefined || value === null || value === "") return null;
  if (column.kind === "time") return timeOf(value);
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return shown(value, column.kind);
}
