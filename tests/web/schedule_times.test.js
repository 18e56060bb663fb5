/** Times that users type: the same cases as those of the terminal. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { splitTime } from "../../src/trio_chat/web/app/model/schedule_times.js";

const { zones } = JSON.parse(readFileSync(new URL("../schedule_times.json", import.meta.url), "utf8"));

for (const { zone, now, cases } of zones) {
  test(`times are understood in ${zone} at ${now}`, () => {
    process.env.TZ = zone;
    for (const [text, expected] of cases) assert.deepEqual(splitTime(text, new Date(now)), expected, text);
  });
}
