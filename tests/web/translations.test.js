/** Translations: what the server is asked, and what is made of its answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, FakeClock, FakeServer, settle } from "./support.js";

class TranslatingServer extends FakeServer {
  constructor(clock) {
    super(clock);
    this.caps += " trio-chat/translate";
    this.parts = [["1", "hello"]];
    this.source = "de";
    const answer = (_server, message) => {
      const [target, msgid, language] = message.params;
      if (this.refusal) {
        this.reply(message, [`:server FAIL TRANSLATE ${this.refusal} ${target} ${msgid} x :Why`]);
        return;
      }
      const label = message.tags.get("label");
      const head = `trio-chat/translate ${target} ${msgid} ${language} ${this.source}`;
      this.say(`@label=${label} :server BATCH +t ${head}`);
      for (const [number, text] of this.parts) this.say(`@batch=t :server TRANSLATE ${number} :${text}`);
      this.say(":server BATCH -t");
    };
    this.replace("TRANSLATE", answer);
    /** Keep questions, and answer them later. */
    this.hold = () => {
      const held = [];
      this.replace("TRANSLATE", (_server, message) => held.push(message));
      return () => held.forEach((message) => answer(this, message));
    };
  }
}

async function world(caps = true) {
  const clock = new FakeClock();
  const server = new TranslatingServer(clock);
  if (!caps) server.caps = server.caps.replace(" trio-chat/translate", "");
  const all = await connected({ clock, server });
  const { workspace } = all;
  const at = (name) => workspace.buffers.value.find((each) => each.name === name);
  const heard = async (target, text) => {
    server.hear(target, "ann", text);
    await settle();
    const buffer = at(target === "me" ? "ann" : target);
    return [buffer, buffer.timeline.entries.at(-1)];
  };
  const translate = (buffer, entry) => workspace.actions.translate(buffer, entry, "en");
  return { ...all, server, heard, translate };
}

test("a message is named by its msgid, and its lines are joined", async () => {
  const { server, heard, translate } = await world();
  server.parts = [
    ["1", "Good "],
    ["1", "morning"],
    ["2", "all"],
  ];
  const [buffer, entry] = await heard("#lobby", "Guten Morgen");
  assert.deepEqual(await translate(buffer, entry), {
    text: "Good morning\nall",
    source: "de",
    language: "en",
  });
  assert.deepEqual(server.sent("TRANSLATE"), [`TRANSLATE #lobby ${entry.msgid} en`]);
});

test("the text of a private message is sent for a user without an account", async () => {
  const { server, heard, translate } = await world();
  server.source = "*";
  const [buffer, entry] = await heard("me", "\x02hallo\x02 du");
  assert.equal((await translate(buffer, entry)).source, "");
  assert.deepEqual(server.sent("TRANSLATE"), ["TRANSLATE * * en :hallo du"]);
});

test("a refusal is a sentence for the user", async () => {
  const { server, heard, translate } = await world();
  const [buffer, entry] = await heard("#lobby", "hallo");
  for (const [code, expected] of [
    ["RATE_LIMITED", /many translations/],
    ["UNKNOWN_LANGUAGE", /into this language\. \(Why\)/],
    ["constructor", /^Why$/],
    ["SOMETHING_NEW", /^Why$/],
  ]) {
    server.refusal = code;
    await assert.rejects(translate(buffer, entry), { message: expected });
  }
});

test("a server without translations is not asked", async () => {
  const { server, heard, translate } = await world(false);
  const [buffer, entry] = await heard("#lobby", "hallo");
  await assert.rejects(translate(buffer, entry), /does not translate/);
  assert.deepEqual(server.sent("TRANSLATE"), []);
});

test("an answer without a translation, and an endless one", async () => {
  const { server, heard, translate } = await world();
  const [buffer, entry] = await heard("#lobby", "hallo");
  server.parts = [];
  await assert.rejects(translate(buffer, entry), /not answered/);
  server.parts = Array.from({ length: 400 }, (_, index) => [String(index), "x".repeat(400)]);
  const { text } = await translate(buffer, entry);
  assert.ok(text.length > 90_000 && text.length < 110_000);
});

test("/translate shows the newest message of somebody else, or a text", async () => {
  // They are loaded at their first use.
  await import("../../src/trio_chat/web/app/session/commands/table.js");
  await import("../../src/trio_chat/web/app/session/translations.js");
  const { server, heard, workspace } = await world();
  const [buffer, entry] = await heard("#lobby", "hallo");
  workspace.actions.input(buffer, "/translate");
  await settle();
  assert.equal(buffer.timeline.entries.at(-1).text, "ann: hello");
  workspace.actions.input(buffer, "/translate de Good morning, all");
  await settle();
  assert.equal(buffer.draft.value, "hello");
  server.parts = [["1", "/quit"]];
  buffer.draft.value = "";
  workspace.actions.input(buffer, "/translate de now");
  await settle();
  assert.equal(buffer.draft.value, "//quit");
  const release = server.hold();
  workspace.actions.input(buffer, "/translate de now");
  await settle();
  assert.equal(buffer.draft.value, "");
  buffer.draft.value = "typed meanwhile";
  release();
  await settle();
  assert.equal(buffer.draft.value, "typed meanwhile");
  assert.equal(buffer.timeline.entries.at(-1).text, "/quit");
  workspace.actions.input(buffer, `/translate de ${"x".repeat(500)}`);
  await settle();
  assert.match(buffer.timeline.entries.at(-1).text, /in parts/);
  assert.deepEqual(server.sent("TRANSLATE"), [
    `TRANSLATE #lobby ${entry.msgid} en`,
    "TRANSLATE * * de :Good morning, all",
    "TRANSLATE * * de now",
    "TRANSLATE * * de now",
  ]);
});
