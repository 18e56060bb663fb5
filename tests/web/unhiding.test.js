/** Messages of ignored users: they come back when they are ignored no longer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, settle, textsOf, until } from "./support.js";

/** Stop ignoring somebody, and wait until the page has nothing more to ask. */
async function unignore({ actions, server, buffer }, mask) {
  const before = server.sent("CHATHISTORY").length;
  actions.ignore(mask, false);
  await until(() => server.sent("CHATHISTORY").length > before);
  await settle();
  return textsOf(buffer);
}

test("what an ignored user has said meanwhile comes back in its place", async () => {
  const all = await connected();
  const { server, actions, buffer, clock } = all;
  actions.ignore("bob", true);
  for (const [nick, text] of [["ann", "one"], ["bob", "two"], ["ann", "three"]]) {
    clock.time += 1000;
    server.hear("#lobby", nick, text);
  }
  assert.deepEqual(textsOf(buffer), ["one", "three"]);
  assert.deepEqual(await unignore(all, "bob"), ["one", "two", "three"]);
});

test("what is more than a page ago comes back, too", async () => {
  const all = await connected();
  const { server, actions, buffer, clock } = all;
  actions.ignore("bob", true);
  const said = [];
  for (let count = 0; count < 250; count += 1) {
    clock.time += 1000;
    said.push(`m${count}`);
    server.hear("#lobby", count < 240 ? "bob" : "ann", said.at(-1));
  }
  assert.equal(textsOf(buffer).length, 10);
  await unignore(all, "bob");
  await until(() => textsOf(buffer).length === said.length);
  assert.deepEqual(textsOf(buffer), said);
});

test("others stay hidden, and come back later", async () => {
  const all = await connected();
  const { server, actions } = all;
  actions.ignore("bob", true);
  actions.ignore("carl!*@*", true);
  server.hear("#lobby", "carl", "from carl");
  server.hear("#lobby", "bob", "from bob");
  assert.deepEqual(await unignore(all, "bob"), ["from bob"]);
  assert.deepEqual(await unignore(all, "carl!*@*"), ["from carl", "from bob"]);
});

test("what was cleared stays away", async () => {
  const { server, actions, buffer } = await connected();
  actions.ignore("bob", true);
  server.hear("#lobby", "bob", "before");
  actions.input(buffer, "/clear");
  await until(() => buffer.timeline.entries.length === 0);
  const before = server.sent("CHATHISTORY").length;
  actions.ignore("bob", false);
  await settle();
  assert.equal(server.sent("CHATHISTORY").length, before);
  assert.deepEqual(textsOf(buffer), []);
});

test("what the history left out comes back, too", async () => {
  const all = await connected();
  const { server, actions, workspace } = all;
  server.store("#garden", "ann!u@h", "PRIVMSG", "one");
  server.store("#garden", "bob!u@h", "PRIVMSG", "two");
  actions.ignore("bob", true);
  actions.join("#garden");
  await settle();
  const buffer = workspace.current.value;
  assert.deepEqual(textsOf(buffer), ["one"]);
  assert.deepEqual(await unignore({ ...all, buffer }, "bob"), ["one", "two"]);
});

test("a reaction of an ignored user comes back, too", async () => {
  const all = await connected();
  const { server, actions, buffer } = all;
  const msgid = server.hear("#lobby", "ann", "one");
  actions.ignore("bob", true);
  const tags = [["+draft/react", "👍"], ["+draft/reply", msgid]];
  server.say(server.store("#lobby", "bob!u@h", "TAGMSG", undefined, tags).line);
  const reactions = () => buffer.timeline.find(msgid).reactions;
  assert.equal(reactions(), null);
  await unignore(all, "bob");
  assert.deepEqual([...reactions().get("👍")], ["bob"]);
});
