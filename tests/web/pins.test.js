/** Pinned messages: metadata of a channel, messages of its history, and commands of ChanServ. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, FakeClock, FakeServer, settle } from "./support.js";

const KEY = "trio-chat/pins";

/** A server with pins of its one channel. */
class PinServer extends FakeServer {
  constructor(clock) {
    super(clock);
    this.caps += " draft/metadata-2=before-connect,max-subs=50";
    this.pins = "";
    this.replace("METADATA", (_server, message) => this.metadata(message));
    this.replace("CHANSERV", (_server, message) => this.service(message));
  }

  metadata(message) {
    if (message.params[1] !== "SUB") return;
    const value = this.pins ? [`:server METADATA #lobby ${KEY} * :${this.pins}`] : [];
    this.reply(message, [`:server 770 me ${KEY}`, ...value]);
  }

  service(message) {
    const [command, , msgid] = message.params;
    if (this.refusal) {
      this.reply(message, [`:ChanServ!s@h NOTICE me :${this.refusal}`]);
      return;
    }
    this.pins = command === "PIN" ? msgid : "";
    const value = this.pins ? ` :${this.pins}` : "";
    this.reply(message, [
      `:me!u@h METADATA #lobby ${KEY} *${value}`,
      ":ChanServ!s@h NOTICE me :Done",
    ]);
  }
}

async function world() {
  const clock = new FakeClock();
  const server = new PinServer(clock);
  const all = await connected({ clock, server });
  const lobby = () => all.workspace.buffers.value.find((each) => each.name === "#lobby");
  const texts = () => lobby().pins.value.map(({ entry }) => entry?.text ?? null);
  const change = async (value) => {
    server.say(`:ann!u@h METADATA #lobby ${KEY} *${value ? ` :${value}` : ""}`);
    await settle();
  };
  return { ...all, clock, server, lobby, texts, change };
}

test("pins are followed, and their messages fetched from the history", async () => {
  const { server, texts, change } = await world();
  assert.match(server.sent("METADATA")[0], /METADATA \* SUB .*trio-chat\/pins/);
  const old = server.store("#lobby", "ann!u@h", "PRIVMSG", "an old message");
  const now = server.hear("#lobby", "ann", "a new message");
  await change(`${now} ${old.msgid}`);
  assert.deepEqual(texts(), ["a new message", "an old message"]);
  await change("");
  assert.deepEqual(texts(), []);
});

test("hostile values are passed over: too many, doubles, no msgids, unknown messages", async () => {
  const { server, texts, change, lobby } = await world();
  const known = server.hear("#lobby", "ann", "tea");
  const words = Array.from({ length: 40 }, (_, index) => `gone${index}`);
  await change(`${known} ${known} a;b ${"x".repeat(500)} \\ ${words.join(" ")}`);
  assert.equal(lobby().pins.value.length, 10);
  assert.deepEqual(texts().filter(Boolean), ["tea"]);
  assert.ok(server.sent("CHATHISTORY").every((line) => !/x{65}|a;b/.test(line)));
  await change("__proto__ constructor");
  assert.deepEqual(texts(), [null, null]);
});

test("a message that the history answers instead is not shown as the pinned one", async () => {
  const { server, texts, change } = await world();
  server.replace("CHATHISTORY", (_server, message) => {
    const label = message.tags.get("label");
    server.say(`@label=${label} :server BATCH +x chathistory #lobby`);
    server.say("@batch=x;msgid=other;time=2026-01-31T12:00:00.000Z :eve!u@h PRIVMSG #lobby :fake");
    server.say(":server BATCH -x");
  });
  await change("wanted");
  assert.deepEqual(texts(), [null]);
});

test("pins of users, private conversations and unknown channels are nothing", async () => {
  const { server, texts, workspace } = await world();
  const before = workspace.buffers.value.length;
  for (const target of ["ann", "*", "", "#elsewhere", "me"]) {
    server.say(`:ann!u@h METADATA ${target || ":"} ${KEY} * :id1`);
  }
  await settle();
  assert.equal(workspace.buffers.value.length, before);
  assert.deepEqual(texts(), []);
});

test("what was unpinned without a connection is gone after it", async () => {
  const { server, texts, change, clock } = await world();
  const msgid = server.hear("#lobby", "ann", "tea");
  await change(msgid);
  assert.deepEqual(texts(), ["tea"]);
  server.welcomed = server.ended = false;
  server.drop();
  await clock.advance(60_000);
  assert.deepEqual(texts(), []);
});

test("only operators pin, by ChanServ; a refusal is shown in its words", async () => {
  const { server, workspace, lobby, texts } = await world();
  const msgid = server.hear("#lobby", "ann", "tea");
  await settle();
  const entry = lobby().timeline.find(msgid);
  const { actions } = workspace;
  assert.equal(actions.mayPin(lobby(), entry), false);
  server.say(":ann!u@h MODE #lobby +o me");
  await settle();
  assert.equal(actions.mayPin(lobby(), entry), true);
  await actions.pin(lobby(), msgid, true);
  assert.match(server.sent("CHANSERV")[0], new RegExp(`CHANSERV PIN #lobby :?${msgid}`));
  assert.deepEqual(texts(), ["tea"]);
  server.refusal = "You are not an operator of #lobby.";
  await actions.pin(lobby(), msgid, false);
  assert.deepEqual(
    workspace.notices.value.map(({ text }) => text),
    ["You are not an operator of #lobby."],
  );
});
