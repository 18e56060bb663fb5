/**
 * Dates and times in the user's language, by `Intl`. Formatters are costly to make, so each is made
 * once for a language.
 */

import { _, language } from "./i18n.js";

const DAY = 86_400_000;
/** @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

/**
 * @param {string} name
 * @param {Intl.DateTimeFormatOptions} options
 */
function formatter(name, options) {
  const key = `${language.value} ${name}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language.value, options);
    formatters.set(key, found);
  }
  return found;
}

/** @typedef {""|"12"|"24"} Clock "" follows the language. */

/**
 * Return the time of day.
 * @param {number} time In milliseconds of Unix time.
 * @param {Clock} [clock]
 */
export function clockTime(time, clock = "") {
  return formatter(`clock${clock}`, {
    hour: clock === "12" ? "numeric" : "2-digit",
    minute: "2-digit",
    ...(clock && { hourCycle: clock === "12" ? "h12" : "h23" }),
  }).format(time);
}

/**
 * Return the time of day without AM or PM, for a narrow column.
 * @param {number} time
 * @param {Clock} [clock]
 */
export function bareTime(time, clock = "") {
  return clockTime(time, clock).replace(/\s*[AP]M$/iu, "");
}

/**
 * Return day and time in full, for a tooltip.
 * @param {number} time
 */
export function fullTime(time) {
  return formatter("full", { dateStyle: "full", timeStyle: "medium" }).format(time);
}

/**
 * Return a number that is the same for all times of one local day.
 * @param {number} time
 */
export function dayOf(time) {
  const date = new Date(time);
  return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate();
}

/**
 * Return the name of a day: today, yesterday, or its date.
 * @param {number} time
 * @param {number} [now]
 */
export function dayName(time, now = Date.now()) {
  const day = dayOf(time);
  if (day === dayOf(now)) return _("Today");
  if (day === dayOf(now - DAY)) return _("Yesterday");
  const isThisYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return formatter(isThisYear ? "day" : "year", {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(!isThisYear && { year: "numeric" }),
  }).format(time);
}

/**
 * Return day and time, short.
 * @param {number} time
 * @param {Clock} [clock]
 */
export function shortTime(time, clock = "") {
  const isToday = dayOf(time) === dayOf(Date.now());
  const day = isToday
    ? ""
    : `${formatter("short", { day: "numeric", month: "short" }).format(time)}, `;
  return day + clockTime(time, clock);
}

/**
 * Return a span of time in its largest unit: `3 hours`.
 * @param {number} seconds
 */
export function duration(seconds) {
  /** @type {[number, string][]} */
  const units = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, unit] = units.find(([least]) => seconds >= least) ?? [1, "second"];
  const format = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 };
  return new Intl.NumberFormat(
    language.value,
    /** @type {Intl.NumberFormatOptions} */ (format),
  ).format(Math.floor(seconds / size));
}

/**
 * Return a size in bytes, kilobytes or megabytes.
 * @param {number} bytes
 */
export function fileSize(bytes) {
  const [divisor, unit] =
    bytes < 1000 ? [1, "byte"] : bytes < 1e6 ? [1e3, "kilobyte"] : [1e6, "megabyte"];
  const format = {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: bytes < 1e6 ? 0 : 1,
  };
  return new Intl.NumberFormat(
    language.value,
    /** @type {Intl.NumberFormatOptions} */ (format),
  ).format(bytes / Number(divisor));
}
