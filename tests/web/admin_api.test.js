/** The API as the administrator's page asks it: tokens, refusals, streams, lists. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api } from "../../src/trio_chat/web/app/admin/api.js";
import { EventStreamParser } from "../../src/trio_chat/web/app/admin/event_stream.js";
import { Listing, found, sorted } from "../../src/trio_chat/web/app/admin/listing.js";
import { FakeApi, json, problem, settled } from "./fake_api.js";

test("a token goes into a header, and neither into an address nor into a cookie", async () => {
  const fake = new FakeApi({ "GET /api/v1/sessions": json({ items: [] }) });
  await fake.api.list("/sessions", { limit: 5 });
  const [{ url, options }] = fake.requests;
  assert.equal(url, "/api/v1/sessions?limit=5");
  assert.equal(options.headers.Authorization, "Bearer token-1");
  assert.equal(options.credentials, "omit");
  assert.equal(options.redirect, "error");
  assert.equal(JSON.stringify(fake.api).includes("token-1"), false);
});

test("a token is asked for once, and again only when it has nearly ended", async () => {
  const fake = new FakeApi({ "GET /api/v1/server": json({}) });
  await Promise.all([fake.api.request("GET", "/server"), fake.api.request("GET", "/server")]);
  assert.equal(fake.asked, 1);
  fake.time += 560_000;
  await fake.api.request("GET", "/server");
  assert.equal(fake.asked, 1);
  fake.time += 20_000;
  await fake.api.request("GET", "/server");
  assert.equal(fake.asked, 2);
  assert.equal(fake.requests.at(-1).options.headers.Authorization, "Bearer token-2");
});

test("a token that the server has forgotten is replaced, and the request is sent again", async () => {
  const fake = new FakeApi({
    "GET /api/v1/server": ({ headers }) =>
      headers.Authorization === "Bearer token-1" 
        ? problem(401, "The token has ended.")()
        : json(7)(),
  });
  assert.equal(await fake.api.request("GET", "/server"), 7);
  assert.equal(fake.requests.length, 2);
});

test("a server that accepts no token is asked twice, and not for ever", async () => {
  const fake = new FakeApi({ "GET /api/v1/server": problem(401, "No.") });
  await assert.rejects(fake.api.request("GET", "/server"), { status: 401, message: "No." });
  assert.equal(fake.requests.length, 2);
});

test("a refused token is an error with the words of the server", async () => {
  const fake = new FakeApi({});
  fake.askToken = async () => {
    throw new Error("You are no operator.");
  };
  await assert.rejects(fake.api.request("GET", "/server"), {
    status: 401,
    message: "You are no operator.",
  });
  // The next request asks again.
  fake.askToken = async () => ({ token: "late", seconds: 600 });
  fake.answers["GET /api/v1/server"] = json(1);
  assert.equal(await fake.api.request("GET", "/server"), 1);
});

test("problem details are what the user reads; without them the status has a sentence", async () => {
  const fake = new FakeApi({
    "POST /api/v1/bans": problem(409, "There is such a ban."),
    "GET /api/v1/bans": () => new Response("<h1>no</h1>", { status: 502 }),
    "GET /api/v1/hooks": () =>
      new Response("{", { status: 429, headers: { "content-type": "application/problem+json" } }),
    "GET /api/v1/devices": () =>
      new Response('{"detail": {"not": "a text"}}', {
        status: 403,
        headers: { "content-type": "application/problem+json" },
      }),
  });
  const said = async (method, path) =>
    fake.api.request(method, path, { body: method === "POST" ? {} : undefined }).catch((e) => e);
  assert.equal((await said("POST", "/bans")).message, "There is such a ban.");
  assert.match((await said("GET", "/bans")).message, /could not do that \(502\)/u);
  assert.match((await said("GET", "/hooks")).message, /too many requests/u);
  assert.match((await said("GET", "/devices")).message, /no right/u);
});

test("a lost connection and an answer that is no JSON are errors in words", async () => {
  const fake = new FakeApi({
    "GET /api/v1/server": () => {
      throw new TypeError("network");
    },
    "GET /api/v1/bans": () => new Response("<html>", { status: 200 }),
    "DELETE /api/v1/bans/x": () => new Response(null, { status: 204 }),
  });
  await assert.rejects(fake.api.request("GET", "/server"), { status: 0, message: /cannot be/u });
  await assert.rejects(fake.api.request("GET", "/bans"), { message: /something else/u });
  assert.equal(await fake.api.request("DELETE", "/bans/x"), null);
});

test("what is no list of objects is an empty list", async () => {
  const fake = new FakeApi({ "GET /api/v1/bans": json({ items: [1, null, { id: 2 }], next: null }) });
  assert.deepEqual(await fake.api.list("/bans"), { items: [{ id: 2 }], next: "" });
  fake.answers["GET /api/v1/bans"] = json([1]);
  assert.deepEqual(await fake.api.list("/bans"), { items: [], next: "" });
});

test("events are found whatever the pieces in which they come", () => {
  const text = 'event: a\r\ndata: {"x":\r\ndata: 1}\r\n\r\n: comment\ndata:two\nid: 7\n\ndata\rdata: y\r\r';
  for (let size = 1; size < text.length; size += 1) {
    const events = [];
    const parser = new EventStreamParser((event) => events.push(event));
    for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size));
    parser.push("\n");
    assert.deepEqual(events, [
      { type: "a", data: '{"x":\n1}' },
      { type: "message", data: "two" },
      { type: "message", data: "\ny" },
    ]);
  }
});

test("an event without an end is not kept for ever", () => {
  const parser = new EventStreamParser(() => {});
  assert.throws(() => {
    for (let part = 0; part < 200; part += 1) parser.push(`data: ${"x".repeat(10_000)}\n`);
  }, RangeError);
});

test("a stream gives its events until the server ends it", async () => {
  const answer = () => new Response("retry: 5\n\ndata: 1\n\ndata: 2\n\ndata: half");
  const fake = new FakeApi({ "GET /api/v1/metrics/live": answer });
  const events = [];
  const { signal } = new AbortController();
  await fake.api.stream("/metrics/live", ({ data }) => events.push(data), signal);
  assert.deepEqual(events, ["1", "2"]);
  assert.equal(fake.requests[0].options.headers.Accept, "text/event-stream");
});

test("a stream that is cut off, and one that is no stream, are errors in words", async () => {
  const cut = () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
      },
      pull() {
        throw new TypeError("network");
      },
    });
  const endless = () => new Blob([`data: ${"x".repeat(2_000_000)}`]).stream();
  const { signal } = new AbortController();
  for (const body of [cut, endless]) {
    const fake = new FakeApi({ "GET /api/v1/metrics/live": () => new Response(body()) });
    await assert.rejects(fake.api.stream("/metrics/live", () => {}, signal), { status: 0 });
  }
});

const pages = (count, size) => ({ query }) => {
  const from = Number(query.get("after") ?? 0);
  const items = Array.from({ length: Math.min(size, count - from) }, (_, at) => ({ id: from + at }));
  return json({ items, next: from + size < count ? String(from + size) : null })();
};

test("a list is loaded by its cursor, a page at a time or all of it", async () => {
  const fake = new FakeApi({ "GET /api/v1/bans": pages(25, 10) });
  const listing = new Listing(fake.api, "/bans");
  assert.equal(listing.state.value, "loading");
  await listing.load();
  assert.equal(listing.items.value.length, 25);
  assert.equal(listing.hasMore.value, false);
  fake.answers["GET /api/v1/bans"] = pages(350, 100);
  const other = new Listing(fake.api, "/bans");
  await other.load();
  assert.deepEqual([other.items.value.length, other.hasMore.value], [100, true]);
  await other.more();
  assert.equal(other.items.value.length, 200);
  await other.more(true);
  assert.deepEqual([other.items.value.length, other.hasMore.value], [350, false]);
  assert.equal(other.items.value.at(-1).id, 349);
  // Loading again shows as many as before.
  await other.load();
  assert.equal(other.items.value.length, 350);
});

test("a server whose cursor leads nowhere ends the list", async () => {
  const fake = new FakeApi({ "GET /api/v1/bans": json({ items: [], next: "again" }) });
  const listing = new Listing(fake.api, "/bans");
  await listing.load();
  assert.deepEqual([listing.state.value, listing.hasMore.value], ["ready", false]);
});

test("a failure keeps what is shown, and says why", async () => {
  const fake = new FakeApi({ "GET /api/v1/bans": json({ items: [{ id: 1 }], next: null }) });
  const listing = new Listing(fake.api, "/bans");
  await listing.load();
  fake.answers["GET /api/v1/bans"] = problem(503, "The database is busy.");
  await listing.load();
  assert.deepEqual(
    [listing.state.value, listing.problem.value, listing.items.value.length],
    ["failed", "The database is busy.", 1],
  );
});

test("an answer that a newer one has overtaken is dropped", async () => {
  const waiting = [];
  const fake = new FakeApi({
    "GET /api/v1/bans": () => new Promise((resolve) => waiting.push(resolve)),
  });
  const listing = new Listing(fake.api, "/bans");
  const [first, second] = [listing.load(), listing.load()];
  await settled();
  waiting[1](json({ items: [{ id: "new" }] })());
  await second;
  waiting[0](json({ items: [{ id: "old" }] })());
  await first;
  assert.deepEqual(listing.items.value, [{ id: "new" }]);
});

const COLUMNS = [
  { key: "name", label: "Name" },
  { key: "size", label: "Size", kind: "size" },
  { key: "at", label: "Time", kind: "time" },
];

test("items are found by words in any column, in any case", () => {
  const items = [{ name: "Анна Ж" }, { name: "anna" }, { name: "ann", size: 2_000_000 }, {}];
  assert.deepEqual(found(items, COLUMNS, "ж АННА"), [items[0]]);
  assert.deepEqual(found(items, COLUMNS, "2 mb"), [items[2]]);
  assert.deepEqual(found(items, COLUMNS, "  "), items);
});

test("items are in the order of numbers, times and words; those without a value come last", () => {
  const items = [
    { name: "b10", size: 9, at: "2026-01-02T00:00:00Z" },
    { name: "B9", size: 10, at: "2026-01-01T00:00:00Z" },
    { at: null },
    { name: "a", size: 100, at: "no time" },
  ];
  const names = (key, descending) =>
    sorted(items, COLUMNS.find((column) => column.key === key), descending).map(({ name }) => name);
  assert.deepEqual(names("name", false), ["a", "B9", "b10", undefined]);
  assert.deepEqual(names("size", true), ["a", "B9", "b10", undefined]);
  assert.deepEqual(names("at", false), ["B9", "b10", undefined, "a"]);
  assert.equal(sorted(items, undefined, false), items);
});
