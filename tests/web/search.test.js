/** What is typed into the search, as attributes of SEARCH (soju.im/search). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { searchAttributes } from "../../src/trio_chat/web/app/session/queries.js";

process.env["TZ"] = "Asia/Tokyo"; // nine hours before UTC

test("words, a nickname and days of the user become attributes", () => {
  assert.deepEqual(searchAttributes("from:ann lunch today after:2026-01-31 before:2026-02-01"), [
    "from=ann",
    "after=2026-01-30T15:00:00.000Z",
    "before=2026-02-01T14:59:59.999Z",
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

test("what is no day is left to the server, which explains it", () => {
  assert.deepEqual(searchAttributes("after:2026-13-01"), ["after=2026-13-01"]);
});

test("mere punctuation is no word, and a sign that the server finds is one", () => {
  for (const text of ["(", "*", ":)", "from:ann …"])
    assert.throws(() => searchAttributes(text), /no word to search for/u, text);
  for (const text of ["C++", "🎉", "#", "_", "ё", "か", "(y"])
    assert.deepEqual(searchAttributes(text), [`text=${text}`]);
});
