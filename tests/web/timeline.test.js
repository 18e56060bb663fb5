/** Rows of a timeline, the sliding window, and the order of members. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { byRank } from "../../src/trio_chat/web/app/views/member_order.js";
import { pictureBox } from "../../src/trio_chat/web/app/views/picture_box.js";
import { beginOfFold, rowsOf, summary } from "../../src/trio_chat/web/app/views/rows.js";
import {
  LEAST,
  MOST,
  around,
  following,
  newer,
  newest,
  older,
} from "../../src/trio_chat/web/app/views/window.js";
import { entry, member } from "./fake_workspace.js";

const NOON = new Date(2026, 0, 31, 12).getTime();
const MINUTE = 60_000;

/**
 * @param {number} minutes After noon.
 * @param {object} [more]
 */
const at = (minutes, more = {}) => entry({ time: NOON + minutes * MINUTE, ...more });

/**
 * @param {any[]} entries
 * @param {object} [options]
 */
function rows(entries, options = {}) {
  return rowsOf(entries, 0, entries.length, { events: "folded", unreadFrom: 0, ...options }).map(
    (row) => (row.type === "message" ? (row.first ? "first" : "next") : row.type),
  );
}

test("messages of one sender form a group until somebody else, a pause or a reply comes", () => {
  assert.deepEqual(
    rows([at(0), at(1), at(2, { nick: "bob" }), at(3), at(20), at(21, { replyTo: "m1" })]),
    ["day", "first", "next", "first", "first", "first", "first"],
  );
});

test("a notice and a message of one sender are not one group", () => {
  assert.deepEqual(rows([at(0), at(0, { kind: "notice" }), at(0)]), [
    "day",
    "first",
    "first",
    "first",
  ]);
});

test("each day begins with its name", () => {
  assert.deepEqual(rows([at(0), at(13 * 60)]), ["day", "first", "day", "first"]);
});

test("the line of unread messages stands above the first of them", () => {
  assert.deepEqual(rows([at(0), at(1), at(2)], { unreadFrom: NOON + MINUTE }), [
    "day",
    "first",
    "next",
    "unread",
    "first",
  ]);
  assert.deepEqual(rows([at(0), at(1)], { unreadFrom: NOON + 9 * MINUTE }), [
    "day",
    "first",
    "next",
  ]);
});

test("joins and parts in a row are one row, and the line of unread messages divides it", () => {
  const moves = [at(0, { kind: "join" }), at(1, { kind: "part" }), at(2, { kind: "quit" })];
  assert.deepEqual(rows(moves), ["day", "events"]);
  assert.deepEqual(rows(moves, { unreadFrom: NOON + MINUTE }), [
    "day",
    "events",
    "unread",
    "events",
  ]);
  assert.deepEqual(rows(moves, { events: "all" }), ["day", "first", "first", "first"]);
  assert.deepEqual(rows([...moves, at(3)], { events: "none" }), ["day", "first"]);
});

test("removals and topics are never folded", () => {
  assert.deepEqual(
    rows([at(0, { kind: "join" }), at(1, { kind: "kick" }), at(2, { kind: "topic" })]),
    ["day", "events", "first", "first"],
  );
});

test("hidden authors leave no trace", () => {
  assert.deepEqual(
    rows([at(0), at(13 * 60, { nick: "spam" })], {
      hidden: (/** @type {any} */ each) => each.nick === "spam",
    }),
    ["day", "first"],
  );
});

test("keys of rows are unique, and stay when the window begins elsewhere", () => {
  const entries = [at(0), at(1, { kind: "join" }), at(2, { kind: "part" }), at(3), at(13 * 60)];
  const keys = (/** @type {number} */ start) =>
    rowsOf(entries, start, 5, { events: "folded", unreadFrom: NOON + 2 * MINUTE }).map(
      ({ key }) => key,
    );
  assert.equal(new Set(keys(0)).size, keys(0).length);
  assert.deepEqual(keys(3), keys(0).slice(-4));
});

test("a window does not begin inside of folded events", () => {
  const entries = [at(0), ...Array.from({ length: 9 }, () => at(1, { kind: "join" })), at(2)];
  assert.equal(beginOfFold(entries, 5), 1);
  assert.equal(beginOfFold(entries, 1), 1);
  assert.equal(beginOfFold(entries, 10), 10);
  assert.equal(beginOfFold(entries, 0), 0);
});

test("the summary names each user once, by the difference", () => {
  const moves = [
    at(0, { kind: "join", nick: "ann" }),
    at(0, { kind: "join", nick: "bob" }),
    at(0, { kind: "quit", nick: "bob" }),
    at(0, { kind: "part", nick: "carl" }),
    at(0, { kind: "quit", nick: "dora" }),
    at(0, { kind: "join", nick: "dora" }),
    at(0, { kind: "nick", nick: "ann", target: "anne" }),
    at(0, { kind: "nick", nick: "anne", target: "anna" }),
    at(0, { kind: "mode", nick: "op", text: "+v anna" }),
  ];
  assert.deepEqual(summary(moves), {
    joined: ["anna"],
    left: ["carl"],
    passed: ["bob"],
    returned: ["dora"],
    renamed: [{ from: "ann", to: "anna" }],
    modes: [{ by: "op", change: "+v anna" }],
  });
});

test("the window begins at the newest entries", () => {
  assert.deepEqual(newest(1000), { start: 1000 - LEAST, end: 1000 });
  assert.deepEqual(newest(5), { start: 0, end: 5 });
});

test("a window that moves stays within the entries and below its greatest size", () => {
  let range = newest(1000);
  const sizes = [];
  for (let step = 0; step < 60; step++) {
    const moved = older(range);
    assert.ok(moved.start <= range.start && moved.start >= 0 && moved.end <= range.end);
    range = moved;
    sizes.push(range.end - range.start);
  }
  assert.deepEqual(range.start, 0);
  assert.ok(Math.max(...sizes) <= MOST && Math.min(...sizes) >= LEAST);
  for (let step = 0; step < 60; step++) range = newer(range, 1000);
  assert.equal(range.end, 1000);
  assert.ok(range.end - range.start <= MOST);
});

test("a window that follows new entries grows, and is cut at once", () => {
  let range = newest(1000);
  for (let count = 1001; count < 1400; count++) {
    range = following(range, count);
    assert.equal(range.end, count);
    assert.ok(range.end - range.start <= MOST && range.end - range.start >= LEAST);
  }
});

test("a window follows entries that were removed", () => {
  assert.deepEqual(following({ start: 900, end: 1000 }, 30), { start: 0, end: 30 });
});

test("the window around an entry contains it", () => {
  for (const index of [0, 1, 50, 500, 999]) {
    const { start, end } = around(index, 1000);
    assert.ok(start <= index && index < end && end - start === LEAST, String(index));
  }
  assert.deepEqual(around(2, 5), { start: 0, end: 5 });
});

test("members stand by rank, then by name in the user's alphabet", () => {
  const found = byRank(
    [
      member("zoe", "@"),
      member("Ann"),
      member("bob", "@+"),
      member("ann2"),
      member("ann10"),
      member("x", "!"),
    ],
    "~@+",
    "en",
  );
  assert.deepEqual(
    found.map(({ prefix, members }) => [prefix, ...members.map(({ nick }) => nick)]),
    [
      ["@", "bob", "zoe"],
      ["", "Ann", "ann2", "ann10", "x"],
    ],
  );
});

/** @param {string} query */
const box = (query) => {
  const { width, height } = pictureBox(`https://x.org/file/a/b.png${query}`);
  return [width, height];
};

test("a picture has room in its own ratio, within limits", () => {
  assert.deepEqual(box("?w=1600&h=800"), [320, 160]);
  assert.deepEqual(box("?h=2000&w=1000"), [120, 240]);
  assert.deepEqual(box("?w=100&h=60"), [100, 60]);
  assert.deepEqual(box("?w=16&h=16"), [44, 44]);
  assert.deepEqual(box("?w=99999&h=1"), [320, 44]);
});

test("what is no size of a picture reserves the usual room", () => {
  for (const query of [
    "",
    "?w=100",
    "?w=0&h=10",
    "?w=-5&h=10",
    "?w=1e9&h=1",
    "?w=100000&h=5",
    "?w=NaN&h=Infinity",
    "?w=10px&h=url(x)",
    "?w=0x10&h=10",
    "?w=1.5&h=2",
  ])
    assert.deepEqual(box(query), [320, 200], query);
});
