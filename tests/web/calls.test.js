/** Calls: addresses of rooms, and the command that posts them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isBase, isRoom, newRoom, roomIn } from "../../src/trio_chat/web/app/text/calls.js";
import "../../src/trio_chat/web/app/session/commands/table.js";
import { connected, settle, textsOf } from "./support.js";

const TABLE = JSON.parse(
  readFileSync(new URL("../call_addresses.json", import.meta.url), { encoding: "utf-8" }),
);
const { base } = TABLE;
const ROOM = /(lobby|call)-[a-z2-7]{26}$/u;

test("a room is directly under the base, and no other address is one", () => {
  for (const url of TABLE.rooms) assert.ok(isRoom(base, url), url);
  for (const url of TABLE.others) assert.ok(!isRoom(base, url), url);
});

test("rooms are under https or on this machine, and under no other address", () => {
  for (const url of TABLE.bases) assert.ok(isBase(url), url);
  for (const url of TABLE.no_bases) assert.ok(!isBase(url), url);
});

test("a room is found as a word of its own", () => {
  for (const sign of [" ", "\n", "\x1f", "\x02"])
    assert.equal(roomIn(base, `here:${sign}${base}a${sign}now`), `${base}a`);
  for (const sign of ["\u0085", "\ufeff", "\u200b", "x"])
    assert.equal(roomIn(base, `here:${sign}${base}a${sign}now`), "");
});

test("a room has a readable name, and cannot be guessed", () => {
  const url = newRoom(base, "#lobby");
  assert.match(url, ROOM);
  assert.ok(isRoom(base, url));
  assert.notEqual(url, newRoom(base, "#lobby"));
  assert.match(newRoom(base, ""), /call-[a-z2-7]{26}$/u);
  assert.match(newRoom(base, "#../Этаж"), /call-[a-z2-7]{26}$/u);
});

/** Return a connected client of a server with rooms for calls. */
async function withRooms() {
  const all = await connected();
  all.server.say(`:srv 005 me trio-chat/CALL=${base} :are supported by this server`);
  await settle();
  return all;
}

/** Type a line; return what was sent for it, without tags. */
async function typed(all, line) {
  const before = all.server.lines.length;
  all.actions.input(all.buffer, line);
  await settle();
  return all.server.lines.slice(before).map((each) => each.replace(/^@\S+ /u, ""));
}

test("/call posts a link that every client shows", async () => {
  const all = await withRooms();
  const [sent = ""] = await typed(all, "/call stand-up");
  assert.ok(sent.startsWith(`PRIVMSG #lobby :📞 stand-up ${base}lobby-`), sent);
  assert.match(sent, ROOM);
});

test("/call shows the room of a recent call, and /call new opens another one", async () => {
  const all = await withRooms();
  const room = newRoom(base, "#lobby");
  const time = new Date(all.clock.now()).toISOString();
  for (const [msgid, url] of [room, `${base}prepared`].entries())
    all.server.say(`@time=${time};msgid=${msgid} :bob!b@h PRIVMSG #lobby :📞 ${url}`);
  await settle();
  assert.deepEqual(await typed(all, "/call"), []);
  assert.ok(all.buffer.timeline.entries.at(-1).text.includes(room));
  const [sent = ""] = await typed(all, "/call new plans");
  assert.ok(sent.startsWith(`PRIVMSG #lobby :📞 plans ${base}lobby-`), sent);
});

test("a call that the server has refused is none", async () => {
  const all = await withRooms();
  all.server.replace("PRIVMSG", (server, message) =>
    server.reply(message, [":srv 404 me #lobby :Cannot send to channel"]),
  );
  const [sent = ""] = await typed(all, "/call");
  const [again = ""] = await typed(all, "/call");
  assert.match(again, ROOM);
  assert.notEqual(again, sent);
});

test("a server cannot lead calls anywhere", async () => {
  const all = await connected();
  all.server.say(":srv 005 me trio-chat/CALL=http://evil.example/ :are supported by this server");
  await settle();
  assert.deepEqual(await typed(all, "/call"), []);
});

test("without rooms the user learns who can set them up", async () => {
  const all = await connected();
  assert.deepEqual(await typed(all, "/call"), []);
  assert.ok(all.buffer.timeline.entries.at(-1).text.includes("[call] base"));
});
