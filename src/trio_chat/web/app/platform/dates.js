/**
 * Dates and times as in the user's locale, by `Intl`. Formatters are costly to make, so each is made
 * once for a language.
 */

import { _, language, localeOf } from "./i18n.js";

const DAY = 86_400_000;
/** @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

/**
 * @param {string} name
 * @param {() => Intl.DateTimeFormatOptions} options
 */
function formatter(name, options) {
  const key = `${language.value} ${name}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale(), options());
    formatters.set(key, found);
  }
  return found;
}

function locale() {
  return localeOf(language.value, navigator.languages);
}

/** @typedef {""|"12"|"24"} Clock "" follows the locale. */

/**
 * Return the options of a time of day: `7:05 PM`, but `07:05`.
 * @param {Clock} clock
 * @returns {Intl.DateTimeFormatOptions}
 */
function timeOptions(clock) {
  const twelve = clock ? clock === "12" : hasTwelveHours();
  return {
    hour: twelve ? "numeric" : "2-digit",
    minute: "2-digit",
    ...(clock && { hourCycle: twelve ? "h12" : "h23" }),
  };
}

/** Return whether the clock of the locale has AM and PM. */
function hasTwelveHours() {
  return formatter("hour", () => ({ hour: "numeric" })).resolvedOptions().hour12 ?? false;
}

/**
 * Return the time of day.
 * @param {number} time In milliseconds of Unix time.
 * @param {Clock} [clock]
 */
export function clockTime(time, clock = "") {
  return formatter(`clock${clock}`, () => timeOptions(clock)).format(time);
}

/**
 * Return the time of day without AM or PM, for a narrow column.
 * @param {number} time
 * @param {Clock} [clock]
 */
export function bareTime(time, clock = "") {
  return clockTime(time, clock).replace(/\s*[ap]\.?\s?m\.?$/iu, "");
}

/**
 * Return day and time in full, for a tooltip.
 * @param {number} time
 * @param {Clock} [clock]
 */
export function fullTime(time, clock = "") {
  return formatter(`full${clock}`, () => ({
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    ...timeOptions(clock),
    second: "2-digit",
  })).format(time);
}

/**
 * Return the full date of a day, for a tooltip.
 * @param {number} time
 */
export function fullDate(time) {
  return formatter("date", () => ({ dateStyle: "full" })).format(time);
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
  return formatter(isThisYear ? "day" : "year", () => ({
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(!isThisYear && { year: "numeric" }),
  })).format(time);
}

/**
 * Return day and time, short: without the day of today, and without the year of today.
 * @param {number} time
 * @param {Clock} [clock]
 * @param {number} [now]
 */
export function shortTime(time, clock = "", now = Date.now()) {
  if (dayOf(time) === dayOf(now)) return clockTime(time, clock);
  const isThisYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  const day = formatter(isThisYear ? "short" : "short year", () => ({
    day: "numeric",
    month: "short",
    ...(!isThisYear && { year: "numeric" }),
  })).format(time);
  return `${day}, ${clockTime(time, clock)}`;
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
    locale(),
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
    locale(),
    /** @type {Intl.NumberFormatOptions} */ (format),
  ).format(bytes / Number(divisor));
}
