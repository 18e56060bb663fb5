/** Fields that forms have in common, and what becomes of them in a request. */

import { N_ } from "../platform/i18n.js";

/** @import { Field } from "./sections.js" */

/** @type {Field} */
export const REASON = {
  name: "reason",
  label: N_("Reason"),
  optional: true,
  hint: N_("Those who are concerned see it, and the audit log has it."),
};

/** In seconds; 0 for ever. @type {readonly [string, string][]} */
const DURATIONS = [
  ["3600", N_("an hour")],
  ["86400", N_("a day")],
  ["604800", N_("a week")],
  ["2592000", N_("30 days")],
  ["0", N_("for ever")],
];

/** @type {Field} */
export const DURATION = { name: "seconds", label: N_("For how long"), choices: DURATIONS };

/** How long raid mode is on: a day at most. @type {Field} */
export const SHORT_DURATION = {
  name: "seconds",
  label: N_("For how long"),
  choices: [
    ["1800", N_("30 minutes")],
    ["7200", N_("two hours")],
    ["86400", N_("a day")],
  ],
};

/** @type {Field} */
export const LIFETIME = { name: "seconds", label: N_("Valid for"), choices: DURATIONS };

/**
 * Return the time at which a number of seconds is over; null for ever.
 * @param {string|undefined} seconds
 */
export function endOf(seconds) {
  return Number(seconds) ? new Date(Date.now() + Number(seconds) * 1000).toISOString() : null;
}

/**
 * Return the lines of a value, without empty ones.
 * @param {string|undefined} value
 */
export function linesOf(value = "") {
  return value.split("\n").filter(Boolean);
}

/**
 * Return values without those that are empty.
 * @param {Record<string, string|undefined>} values
 * @returns {Record<string, string>}
 */
export function given(values) {
  return Object.fromEntries(
    Object.entries(values)
      .map(([name, value = ""]) => /** @type {const} */ ([name, value.trim()]))
      .filter(([, value]) => value),
  );
}
