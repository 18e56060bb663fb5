/** What is typed into the search, as attributes of SEARCH (soju.im/search). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { searchAttributes } from "../../src/trio_chat/web/app/session/queries.js";

test("words, a nickname and days become attributes", () => {
  assert.deepEqual(searchAttributes("from:ann lunch today after:2026-01-31 before:2026-02-01"), [
    "from=ann",
    "after=2026-01-31T00:00:00.000Z",
    "before=2026-02-01T23:59:59.999Z",
    "text=lunch\\stoday",
  ]);
});

test("a colon within a word belongs to the words", () => {
  assert.deepEqual(searchAttributes("see https://x.org a:b xfrom:ann"), [
    "text=see\\shttps://x.org\\sa:b\\sxfrom:ann",
  ]);
});

test("a time is left as it is, and nothing is searched without words", () => {
  assert.deepEqual(searchAttributes("before:2026-02-01T10:00:00.000Z"), [
    "before=2026-02-01T10:00:00.000Z",
  ]);
});
