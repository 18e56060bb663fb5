/** What the administrator's page knows: sections by scope, actions, values, plots, hostile texts. */

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { FakeApi, json, problem, settled } from "./fake_api.js";
import { Console } from "../../src/trio_chat/web/app/admin/console.js";
import { factsOf } from "../../src/trio_chat/web/app/admin/facts.js";
import { follow } from "../../src/trio_chat/web/app/admin/jobs.js";
import { Listing } from "../../src/trio_chat/web/app/admin/listing.js";
import { LiveMetrics } from "../../src/trio_chat/web/app/admin/live_metrics.js";
import {
  carryOut,
  filled,
  operationsOf,
} from "../../src/trio_chat/web/app/admin/operations.js";
import {
  POINTS,
  Series,
  areaPath,
  linePath,
  niceCeiling,
} from "../../src/trio_chat/web/app/admin/plots.js";
import { SECTIONS } from "../../src/trio_chat/web/app/admin/sections.js";
import { partsOf } from "../../src/trio_chat/web/app/admin/storage_parts.js";
import { cellText, shown, valueOf } from "../../src/trio_chat/web/app/admin/values.js";

const PATHS = {
  "/caller": { get: { "x-scope": "" } },
  "/sessions": { get: { "x-scope": "sessions:read" } },
  "/sessions/{id}": { get: { "x-scope": "sessions:read" }, delete: { "x-scope": "sessions:write" } },
  "/bans": {
    get: { "x-scope": "bans:read", parameters: [{ name: "words", in: "query" }, { in: "path" }] },
    post: { "x-scope": "bans:write" },
  },
};

const described = (scopes, paths = PATHS) =>
  new FakeApi({
    "GET /api/v1/openapi.json": json({ paths }),
    "GET /api/v1/caller": json({ actor: "operator ann", scopes }),
  });

/** Open the page for an operator with these scopes. */
async function opened(scopes, paths) {
  const fake = described(scopes, paths);
  const page = new Console(() => fake.askToken(), fake.platform);
  await page.open();
  return { fake, page };
}

test("only sections that the server has and the operator may read are there", async () => {
  const { page } = await opened(["sessions:read"]);
  assert.deepEqual([...page.available.value], ["sessions"]);
  assert.equal(page.allows("GET /sessions/{}"), true);
  assert.equal(page.allows("DELETE /sessions/{}"), false);
  const { page: all } = await opened(["admin"]);
  assert.deepEqual([...all.available.value].sort(), ["bans", "sessions"]);
  assert.equal(all.allows("DELETE /sessions/{}"), true);
  assert.equal(all.allows("DELETE /nowhere/{}"), false);
  const searched = SECTIONS.filter((section) => all.searches(section)).map(({ id }) => id);
  assert.deepEqual(searched, ["bans"]);
  const { page: none } = await opened([]);
  assert.deepEqual([...none.available.value], []);
});

test("an operator gives a token no scope of others", async () => {
  const { page } = await opened(["bans:read", "bans:write"]);
  assert.deepEqual(page.scopes(), ["bans:read", "bans:write"]);
});

test("why nothing is shown is said, and opening again helps", async () => {
  const fake = described(["admin"]);
  const caller = fake.answers["GET /api/v1/caller"];
  fake.answers["GET /api/v1/caller"] = problem(403, "The API needs TLS.");
  const page = new Console(() => fake.askToken(), fake.platform);
  await page.open();
  assert.equal(page.problem.value, "The API needs TLS.");
  assert.equal(page.available.value, null);
  fake.answers["GET /api/v1/caller"] = caller;
  await page.open();
  assert.equal(page.problem.value, "");
  assert.ok(page.available.value);
});

test("a page that was closed follows nothing any longer", async () => {
  const paths = { ...PATHS, "/metrics": { get: { "x-scope": "" } } };
  const fake = described(["admin"], paths);
  let signal;
  fake.answers["GET /api/v1/metrics/live"] = () => new Promise(() => {});
  const page = new Console(() => fake.askToken(), {
    ...fake.platform,
    fetch: (url, options) => {
      if (url.endsWith("/live")) ({ signal } = options);
      return fake.fetch(url, options);
    },
  });
  await page.open();
  await settled();
  assert.equal(signal.aborted, false);
  page.close();
  assert.equal(signal.aborted, true);
});

test("a description that is none has no operations", () => {
  for (const value of [null, {}, { paths: null }, { paths: { "/x": null } }, 7])
    assert.equal(operationsOf(value).size, 0);
});

test("ids are a part of the path, whatever is in them", () => {
  assert.equal(filled("/bans/{}", ["*!*@a/b?c#d %"]), "/bans/*!*%40a%2Fb%3Fc%23d%20%25");
  assert.equal(filled("/channels/{}/held/{}", ["#a", 7]), "/channels/%23a/held/7");
  assert.equal(filled("/x/{}", ["{}"]), "/x/%7B%7D");
});

test("each action sends its method, its path and only what the form has", async () => {
  for (const section of SECTIONS) {
    for (const action of [...(section.actions ?? []), ...(section.create ?? [])]) {
      const [method, path] = action.operation.split(" ");
      const ids = (path.match(/\{\}/gu) ?? []).length;
      const item = { ...HOSTILE, id: "i", msgid: "m1", name: "n", nickname: "n", channel: "#c", number: 1, mask: "m" };
      const fake = new FakeApi({});
      fake.fetch = async (url, options) => {
        fake.requests.push({ url, options });
        return new Response(null, { status: 204 });
      };
      const first = (choices) => (typeof choices === "function" ? choices(item) : choices)?.[0]?.[0];
      const values = Object.fromEntries(
        (action.fields ?? []).map(({ name, choices }) => [name, first(choices) ?? "text"]),
      );
      const given = action.ids?.(item, values) ?? [section.idOf(item)];
      assert.equal(given.length, ids, action.id);
      await carryOut(fake.api, section, action, item, values);
      const [{ url, options }] = fake.requests;
      assert.equal(options.method, method);
      assert.ok(url.startsWith("/api/v1/") && !url.includes("undefined"), url);
      assert.equal(typeof action.explain(item), "string");
      assert.ok(action.explain(item).length > 10, action.id);
      assert.equal(new Set((action.fields ?? []).map(({ name }) => name)).size, action.fields?.length ?? 0);
    }
  }
});

test("an app password says until when it is valid, if it does not stay valid", () => {
  const related = SECTIONS.flatMap((section) => section.related ?? []);
  const { text } = related.find(({ path }) => path.endsWith("/app-passwords"));
  const times = { last_used: null, expires: "2026-01-31T12:00:00Z" };
  assert.equal(text({ name: "laptop", ...times, expires: null }), "laptop, last used: never");
  const until = shown(times.expires, "time");
  assert.equal(
    text({ name: "laptop", ...times }),
    `laptop, last used: never, valid until ${until}`,
  );
});

test("sections and actions have ids of their own", () => {
  const ids = SECTIONS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { actions = [], create = [] } of SECTIONS) {
    const own = [...actions, ...create].map(({ id }) => id);
    assert.equal(new Set(own).size, own.length);
  }
});

const HOSTILE = {
  markup: "<img src=x onerror=alert(1)>",
  turned: "abc\u202Egnp.exe",
  control: "a\u0000b\u001b[31mc\u0003\u00044",
  braces: "{count}{constructor}",
  nested: { "<b>": ["</script>", { deep: "\u2066x" }] },
  __proto__: { inherited: "no" },
};

test("hostile texts stay texts: without controls and turned directions", () => {
  const facts = factsOf(HOSTILE, []);
  const all = facts.flat().join("\n");
  assert.ok(all.includes("<img src=x onerror=alert(1)>"));
  assert.doesNotMatch(all.replaceAll("\n", ""), /[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/u);
  assert.ok(all.includes("{count}{constructor}"));
  assert.ok(!all.includes("inherited"));
});

test("no module of the page writes HTML", async () => {
  for (const directory of ["admin", "views/admin"]) {
    const address = new URL(`../../src/trio_chat/web/app/${directory}/`, import.meta.url);
    const names = await readdir(address);
    assert.ok(names.length > 5);
    for (const name of names)
      assert.doesNotMatch(
        await readFile(new URL(name, address), "utf8"),
        /innerHTML|insertAdjacentHTML|document\.write|localStorage|sessionStorage|indexedDB/u,
        name,
      );
  }
});

test("a value is found by its own keys alone", () => {
  assert.equal(valueOf({ a: { b: 1 } }, "a.b"), 1);
  assert.equal(valueOf({ a: null }, "a.b"), undefined);
  assert.equal(valueOf({}, "constructor"), undefined);
  assert.equal(valueOf({ a: "text" }, "a.length"), undefined);
});

test("values are words: times, sizes, lists, and nothing", () => {
  assert.equal(shown(2_000_000, "size"), "2 MB");
  assert.equal(shown(7200, "duration"), "2 hours");
  assert.match(shown("2026-01-31T12:00:00Z", "time"), /31 Jan|Jan 31/u);
  assert.equal(shown("never", "time"), "never");
  assert.equal(shown(1234, "number"), "1,234");
  assert.equal(shown(1234, "id"), "1234");
  assert.equal(shown(true), "yes");
  assert.equal(shown(["a", "", "b"]), "a, b");
  for (const nothing of [null, undefined, "", [], {}]) assert.equal(shown(nothing), "");
  assert.equal(cellText({ x: "y".repeat(300) }, { key: "x", label: "X" }).length, 201);
});

test("details of a token name all that the server says of it", () => {
  const token = {
    name: "ci",
    id: "6a939f50",
    scopes: ["server:read"],
    made_by: "root",
    created: "2026-11-30T04:21:55.000Z",
    expires: "2026-12-01T00:00:00.000Z",
    last_used: "2026-11-30T05:00:00.000Z",
    is_expired: false,
  };
  const { columns } = SECTIONS.find(({ id }) => id === "tokens");
  const names = factsOf(token, columns).map(([name]) => name);
  assert.deepEqual(names, [
    "Name", "Scopes", "Made by", "Made", "Ends", "Last used", "Id", "Expired",
  ]);
});

test("details have what no column shows, and bound it", () => {
  const columns = [{ key: "nick", label: "Nickname" }];
  assert.deepEqual(factsOf({ nick: "ann", idle: 5, empty: "" }, columns), [
    ["Nickname", "ann"],
    ["idle", "5"],
  ]);
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`key ${at}`, at]));
  assert.ok(factsOf(many, []).length < 100);
});

test("a series keeps the newest numbers, and nothing else", () => {
  const series = new Series();
  for (const value of [3, "4", null, Number.NaN, Infinity, 1]) series.add(value);
  assert.deepEqual(series.values, [3, 1]);
  assert.deepEqual([series.newest, series.lowest, series.highest], [1, 1, 3]);
  for (let value = 0; value < 1000; value += 1) series.add(value);
  assert.deepEqual([series.values.length, series.newest], [POINTS, 999]);
});

test("a plot has its newest value at the right, and stays within its box", () => {
  assert.equal(linePath([1], 100, 10, 1), "");
  assert.equal(linePath([0, 5, 99], 149, 10, 10), "M147 10L148 5L149 0");
  assert.equal(linePath([-5, 0], 149, 10, 0), "M148 10L149 10");
  assert.equal(areaPath([0, 10], 149, 10, 10), "M148 10L149 0L149 10L148 10Z");
  assert.deepEqual([0, 0.3, 1, 1.1, 49, 500, 501].map(niceCeiling), [1, 0.5, 1, 2, 50, 500, 1000]);
});

/** A sample as the server sends it. */
const sample = (seconds, values) =>
  JSON.stringify({ time: new Date(seconds * 1000).toISOString(), values, requests: [] });

test("a counter becomes a rate; one that begins anew is no drop below zero", () => {
  const metrics = new LiveMetrics(new FakeApi({}).api);
  const messages = (seconds, count) => metrics.take(sample(seconds, { history_messages: count }));
  messages(0, 100);
  messages(2, 120);
  metrics.take("no JSON");
  metrics.take("7");
  metrics.take("null");
  messages(4, 5);
  messages(6, 6);
  messages(6, 6);
  assert.deepEqual(metrics.series.get("history_messages").values, [10, 0.5]);
  assert.equal(metrics.state.value, "live");
});

test("the time of a commit is that of all commits by their number", () => {
  const metrics = new LiveMetrics(new FakeApi({}).api);
  for (const [seconds, spent, commits] of [
    [0, 1, 100],
    [2, 1.5, 200],
    [4, 1.5, 200],
    [6, 0.5, 300],
  ])
    metrics.take(sample(seconds, { history_commit_seconds: spent, history_commits: commits }));
  assert.deepEqual(metrics.series.get("history_commit_seconds").values, [0.005, 0]);
});

test("numbers that a server does not have are no series", () => {
  const metrics = new LiveMetrics(new FakeApi({}).api);
  metrics.take(sample(0, { users: 7, connections: "many", __proto__: { channels: 1 } }));
  metrics.take(JSON.stringify({ time: "never", values: null }));
  assert.deepEqual(metrics.series.get("users").values, [7]);
  assert.deepEqual(metrics.series.get("connections").values, []);
});

test("the server finds words where not everything is loaded", async () => {
  const asked = [];
  const fake = new FakeApi({
    "GET /api/v1/sessions": ({ query }) => {
      asked.push(Object.fromEntries(query));
      const isSearch = query.has("words");
      const items = Array.from({ length: isSearch ? 1 : 100 }, () => ({ nickname: "ann" }));
      return json({ items, next: isSearch ? null : "more" })();
    },
  });
  const listing = new Listing(fake.api, "/sessions", true);
  await listing.load();
  await listing.find("an n");
  assert.deepEqual([listing.items.value.length, listing.hasMore.value], [1, false]);
  await listing.find("");
  assert.equal(listing.hasMore.value, true);
  assert.deepEqual(asked, [{ limit: "100" }, { limit: "100", words: "an n" }, { limit: "100" }]);
});

test("a job is asked for until it has ended", async () => {
  const states = ["running", "running", "done"];
  const fake = new FakeApi({
    "GET /api/v1/jobs/a%2Fb": () => json({ id: "a/b", state: states.shift() })(),
  });
  const seen = [];
  const { signal } = new AbortController();
  await follow(fake.api, { id: "a/b", state: "running" }, ({ state }) => seen.push(state), signal, 0);
  assert.deepEqual(seen, ["running", "running", "done"]);
});

test("a job whose dialog is closed is not asked for any longer", async () => {
  const closing = new AbortController();
  const fake = new FakeApi({ "GET /api/v1/jobs/1": json({ id: 1, state: "running" }) });
  const onChange = () => closing.abort();
  await follow(fake.api, { id: 1, state: "running" }, onChange, closing.signal, 0);
  assert.equal(fake.requests.length, 1);
});

test("a job that is not known any longer is an error in words", async () => {
  const { signal } = new AbortController();
  await assert.rejects(
    follow(new FakeApi({}).api, { id: 1, state: "running" }, () => {}, signal, 0),
    { status: 404, message: "There is none." },
  );
});

test("the parts of the disk are those that are known, what others use, and what is free", () => {
  const parts = partsOf(DISK);
  assert.deepEqual(
    parts.map(({ id, bytes }) => [id, bytes]),
    [
      ["database_bytes", 100],
      ["uploads_bytes", 300],
      ["other", 200],
      ["free", 400],
    ],
  );
  assert.deepEqual(partsOf({}), []);
  assert.deepEqual(partsOf({ database_bytes: "x", free_bytes: -1, total_bytes: null }), []);
});

const DISK = { database_bytes: 100, uploads_bytes: 300, free_bytes: 400, total_bytes: 1000 };
