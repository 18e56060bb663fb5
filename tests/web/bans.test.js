/** Bans for nicknames: the same masks as in the terminal (`tests/ban_cases.json`). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { connected, settle, until } from "./support.js";

const CASES = JSON.parse(readFileSync(new URL("../ban_cases.json", import.meta.url), "utf8"));

/** A page in the lobby with these members, each with an account or `*`. */
async function withMembers({ isupport, members }) {
  const all = await connected();
  all.server.say(`:server 005 me ${isupport} :are supported`);
  for (const member of members) {
    const [source, account] = member.split(" ");
    all.server.say(`:${source} JOIN #lobby ${account} :name`);
  }
  all.server.replace("WHOIS", (server, message) => {
    server.reply(message, [`:server 401 me ${message.params[0]} :No such nick`]);
  });
  await settle();
  return all;
}

/** Return the changes of modes and the KICKs that a typed line makes the page send. */
async function sentFor(all, line) {
  const lines = () =>
    all.server.lines.map((each) => each.replace(/^@\S+ /, "")).filter((each) => /^(MODE \S+ [+-]|KICK)/.test(each));
  const before = lines().length;
  all.actions.input(all.buffer, line);
  await until(() => lines().length > before);
  await settle();
  return lines().slice(before);
}

for (const each of CASES) {
  const modes = (sign, masks) => `MODE #lobby ${sign}${"b".repeat(masks.length)} ${masks.join(" ")}`;
  test(`a ban covers the user and no other member: ${each.name}`, async () => {
    const all = await withMembers(each);
    assert.deepEqual(await sentFor(all, "/ban bob"), [modes("+", each.ban)]);
  });
  test(`a ban is lifted whatever it was of: ${each.name}`, async () => {
    const all = await withMembers(each);
    assert.deepEqual(await sentFor(all, "/unban bob"), [modes("-", each.unban)]);
  });
}

test("a user that has left is asked for, so that the ban is of the host", async () => {
  const all = await withMembers({ isupport: "", members: [] });
  all.server.replace("WHOIS", (server, message) => {
    server.reply(message, [":server 311 me bob web 198.51.100.7 * :Bob", ":server 318 me bob :End"]);
  });
  assert.deepEqual(await sentFor(all, "/ban bob"), ["MODE #lobby +b *!*@198.51.100.7"]);
});

test("who lifts a ban of somebody who is not here learns what is left", async () => {
  const all = await withMembers({ isupport: "", members: [] });
  await sentFor(all, "/unban bob");
  const text = all.buffer.timeline.entries.at(-1).text;
  assert.match(text, /^bob is not here, so only a ban of this nickname is lifted/);
});

test("a mute has a mask like that of a ban", async () => {
  const all = await withMembers(CASES[1]);
  assert.deepEqual(await sentFor(all, "/mute bob"), ["MODE #lobby +b m:a:robert"]);
  assert.deepEqual(await sentFor(all, "/mute *!*@x"), ["MODE #lobby +b m:*!*@x"]);
});

test("who is banned and removed cannot come back in between", async () => {
  const all = await withMembers(CASES[0]);
  assert.deepEqual(await sentFor(all, "/kickban bob too loud"), [
    "MODE #lobby +b *!*@198.51.100.7",
    "KICK #lobby bob :too loud",
  ]);
});
