/** Numbers without gaps: a message that did not arrive is noticed, and fetched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, FakeClock, FakeServer, settle } from "./support.js";

/** A server that numbers messages, and loses some on the way. */
class LosingServer extends FakeServer {
  constructor(clock) {
    super(clock);
    this.caps += " trio-chat/number";
    this.count = 0;
  }

  store(name, source, command, text, tags = []) {
    const isMessage = command === "PRIVMSG" && name.startsWith("#");
    const number = isMessage ? [["trio-chat/number", String((this.count += 1))]] : [];
    return super.store(name, source, command, text, [...tags, ...number]);
  }

  /** Store a message that its receiver is not sent. */
  lose(text) {
    this.clock.time += 1000;
    return this.store("#lobby", "bob!u@h", "PRIVMSG", text);
  }

  told(text) {
    this.clock.time += 1000;
    return this.hear("#lobby", "bob", text);
  }
}

async function world() {
  const clock = new FakeClock();
  const server = new LosingServer(clock);
  const all = await connected({ clock, server });
  const lobby = all.workspace.buffers.value.find((each) => each.name === "#lobby");
  const texts = () =>
    lobby.timeline.entries.filter(({ kind }) => kind === "message").map(({ text }) => text);
  const asked = () => server.sent("CHATHISTORY").length;
  return { ...all, clock, server, lobby, texts, asked };
}

test("without a gap nothing is fetched", async () => {
  const { server, clock, texts, asked, actions, lobby } = await world();
  const before = asked();
  server.told("one");
  actions.send(lobby, "mine");
  await settle();
  server.told("two");
  await clock.advance(5000);
  assert.deepEqual(texts(), ["one", "mine", "two"]);
  assert.equal(asked(), before);
});

test("a message that was lost is fetched, and stands in its place", async () => {
  const { server, clock, texts } = await world();
  server.told("one");
  server.lose("lost");
  server.told("three");
  await clock.advance(5000);
  assert.deepEqual(texts(), ["one", "lost", "three"]);
});

test("the one before an own message is noticed by its echo, also behind the first page", async () => {
  const { server, clock, texts, actions, lobby } = await world();
  server.told("one");
  server.lose("lost");
  actions.send(lobby, "mine");
  await clock.advance(5000);
  assert.deepEqual(texts(), ["one", "lost", "mine"]);
  server.lose("lost again");
  server.told("last");
  await clock.advance(5000);
  assert.deepEqual(texts(), ["one", "lost", "mine", "lost again", "last"]);
});

test("a deleted message is asked for once", async () => {
  const { server, clock, texts, asked } = await world();
  server.told("one");
  server.lose("deleted");
  server.history["#lobby"].pop();
  const before = asked();
  server.told("three");
  await clock.advance(5000);
  server.told("four");
  await clock.advance(60_000);
  assert.deepEqual(texts(), ["one", "three", "four"]);
  assert.equal(asked(), before + 1);
});

test("hostile numbers lead to few requests", async () => {
  const { server, clock, asked, workspace } = await world();
  server.told("one");
  const before = asked();
  for (let index = 0; index < 200; index += 1) {
    for (const number of [`${index * 7 + 9}`, "9".repeat(40), "-1", "1e9", ""])
      server.say(`@trio-chat/number=${number} :eve!u@h PRIVMSG #lobby :x${index}`);
  }
  await clock.advance(3000);
  assert.ok(asked() - before < 12);
  assert.equal(workspace.connection.value.phase, "ready");
});
