/** Dates and times as users read them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { shortTime } from "../../src/trio_chat/web/app/platform/dates.js";

Object.defineProperty(globalThis, "navigator", { value: { languages: ["en-US"] }, writable: true });

const NOW = Date.parse("2026-11-30T12:00:00");

test("a short time has the day of another day, and the year of another year", () => {
  const day = (/** @type {string} */ text) => shortTime(Date.parse(text), "24", NOW);
  assert.equal(day("2026-11-30T09:05:00"), "09:05");
  assert.equal(day("2026-01-31T09:05:00"), "Jan 31, 09:05");
  assert.equal(day("2025-11-30T09:05:00"), "Nov 30, 2025, 09:05");
  assert.equal(day("2027-01-01T09:05:00"), "Jan 1, 2027, 09:05");
});
