/** Notification levels: those of the account are on the server, and follow it to each device. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../src/trio_chat/web/app/session/commands/table.js";
import { FakeClock, FakeServer, FakeStorage, newWorkspace, settle } from "./support.js";

const HOUR = 3_600_000;

/** A server that keeps the levels of the one account. */
class LevelServer extends FakeServer {
  constructor(clock) {
    super(clock);
    this.caps += " trio-chat/notify";
    /** By targets: the level and the end of a pause. */
    this.levels = new Map();
    this.hasChosen = false;
    this.replace("NOTIFY", (_server, message) => this.notify(message));
    this.replace("USER", () => this.say(":server 900 me me!u@h ann :Logged in"));
  }

  line(target) {
    const [level, until] = this.levels.get(target) ?? ["", 0];
    const shown = target === "*" && !this.hasChosen ? "*" : level || "default";
    const end = until ? `until=${new Date(until).toISOString()}` : "*";
    return `:server NOTIFY ${target} ${shown} ${end}`;
  }

  notify(message) {
    const [target, word, seconds] = message.params;
    if (target === undefined) {
      const named = [...this.levels.keys()].filter((each) => each !== "*");
      this.reply(message, [...named, "*"].map((each) => this.line(each)));
      return;
    }
    this.hasChosen = true;
    const [level] = this.levels.get(target) ?? [""];
    const until = this.clock.now() + Number(seconds) * 1000;
    this.levels.set(
      target,
      word === "pause" ? [level, Number(seconds) ? until : 0] : [word === "default" ? "" : word, 0],
    );
    this.reply(message, [this.line(target)]);
  }

  /** Another device has chosen something. */
  chosen(target, level, until = 0) {
    this.hasChosen = true;
    this.levels.set(target, [level, until]);
    this.say(this.line(target));
  }
}

async function world(options = {}) {
  const clock = options.clock ?? new FakeClock();
  const server = options.server ?? new LevelServer(clock);
  const made = newWorkspace({ clock, ...options, server });
  const alerts = [];
  made.workspace.onAlert = ({ entry }) => alerts.push(entry.text);
  made.actions.connect({ nick: "me", channels: ["#a", "#b"] });
  await settle();
  const buffer = (name) => made.workspace.buffers.value.find((each) => each.name === name);
  const hear = (name, text) => {
    alerts.length = 0;
    clock.time += 1000;
    server.hear(name, "bob", text);
    return [...alerts];
  };
  return { ...made, clock, server, buffer, hear };
}

test("levels of the account are fetched, and followed", async () => {
  const clock = new FakeClock();
  const server = new LevelServer(clock);
  server.hasChosen = true;
  server.levels.set("#a", ["nothing", 0]).set("*", ["all", 0]);
  const { buffer, hear } = await world({ clock, server });
  assert.deepEqual([buffer("#a").notify.value, buffer("#b").notify.value], ["none", "all"]);
  assert.deepEqual(hear("#a", "me: hi"), []);
  assert.deepEqual(hear("#b", "tea"), ["tea"]);
  server.chosen("#a", "");
  server.chosen("*", "mentions");
  assert.deepEqual(hear("#a", "tea"), []);
  assert.deepEqual(hear("#a", "me: tea"), ["me: tea"]);
});

test("a choice goes to the server, and comes back after a reload", async () => {
  const lasting = new FakeStorage();
  const { server, actions, buffer, clock } = await world({ lasting });
  actions.setNotify(buffer("#a"), "all");
  actions.pauseNotify(buffer("#b"), 3600);
  actions.setNotify(null, "none");
  await settle();
  assert.deepEqual(server.sent("NOTIFY").slice(1), [
    "NOTIFY #a all",
    "NOTIFY #b pause 3600",
    "NOTIFY * nothing",
  ]);
  assert.deepEqual(actions.notifyChoice(buffer("#b")).until, clock.now() + HOUR);
  const again = newWorkspace({ clock, lasting });
  again.actions.connect({ nick: "me", channels: ["#a"] });
  await settle();
  assert.equal(again.workspace.buffers.value[1].notify.value, "all");
});

test("a device offers what it has kept only to an account that has never chosen", async () => {
  const lasting = new FakeStorage();
  lasting.setItem("trio-chat:notify:#a", '"none"');
  lasting.setItem("trio-chat:notify:#b", '"all"');
  const first = await world({ lasting });
  assert.deepEqual(first.server.sent("NOTIFY"), ["NOTIFY", "NOTIFY #a nothing", "NOTIFY #b all"]);
  const server = new LevelServer(first.clock);
  server.hasChosen = true;
  const other = new FakeStorage();
  other.setItem("trio-chat:notify:#a", '"none"');
  const second = await world({ lasting: other, server, clock: first.clock });
  assert.deepEqual(server.sent("NOTIFY"), ["NOTIFY"]);
  assert.equal(second.buffer("#a").notify.value, "mentions");
});

test("a pause ends by itself, also one of all conversations", async () => {
  const { buffer, clock, hear, server, actions } = await world();
  server.chosen("#a", "all", clock.now() + HOUR);
  assert.equal(buffer("#a").notify.value, "none");
  await clock.advance(HOUR + 10);
  assert.equal(buffer("#a").notify.value, "all");
  actions.pauseNotify(null, 60);
  await settle();
  assert.deepEqual(hear("#a", "tea"), []);
  actions.pauseNotify(null, 0);
  await settle();
  assert.deepEqual(hear("#a", "tea"), ["tea"]);
});

test("what is chosen without a connection is sent with the next one", async () => {
  const { server, actions, buffer, clock } = await world();
  server.welcomed = server.ended = false;
  server.drop();
  await settle();
  actions.setNotify(buffer("#a"), "all");
  await clock.advance(60_000);
  assert.deepEqual(server.sent("NOTIFY"), ["NOTIFY", "NOTIFY #a all", "NOTIFY"]);
  assert.equal(buffer("#a").notify.value, "all");
});

test("levels follow a renamed channel", async () => {
  const { server, buffer } = await world();
  server.chosen("#a", "all");
  server.say(":bob!u@h RENAME #a #z :");
  assert.equal(buffer("#z").notify.value, "all");
});

test("guests choose for their device alone, and logging out leaves nothing behind", async () => {
  const clock = new FakeClock();
  const server = new LevelServer(clock);
  server.replace("USER", undefined);
  const guest = await world({ clock, server });
  guest.actions.setNotify(guest.buffer("#a"), "none");
  await settle();
  assert.deepEqual(server.sent("NOTIFY"), []);
  assert.equal(guest.buffer("#a").notify.value, "none");
  const member = await world();
  member.server.replace("NICKSERV", (each, message) => each.reply(message, []));
  member.server.chosen("#a", "all");
  await member.actions.logout();
  assert.equal(member.buffer("#a").notify.value, "mentions");
});

test("hostile lines change nothing that is not theirs", async () => {
  const { server, buffer, hear } = await world();
  for (const line of [
    "NOTIFY",
    "NOTIFY #a",
    "NOTIFY :  all",
    "NOTIFY #a constructor *",
    "NOTIFY #a all until=never",
    "NOTIFY __proto__ all *",
    "NOTIFY #b all until=+275760-09-13T00:00:00.001Z",
  ])
    server.say(`:server ${line}`);
  for (let index = 0; index < 500; index += 1) server.say(`:server NOTIFY #x${index} all *`);
  assert.equal(buffer("#b").notify.value, "all");
  assert.deepEqual(hear("#b", "tea"), ["tea"]);
});

test("/notify takes @bob for the conversation with bob", async () => {
  const { actions, buffer } = await world();
  actions.open("bob");
  actions.input(buffer("#a"), "/notify @bob nothing");
  await settle();
  assert.equal(buffer("bob").notify.value, "none");
});

test("/notify shows and sets levels", async () => {
  const { server, actions, buffer, workspace } = await world();
  const lobby = buffer("#a");
  actions.open(lobby);
  for (const line of ["/notify", "/notify all", "/notify #b 2h", "/notify * nothing", "/notify #b 5x"])
    actions.input(lobby, line);
  await settle();
  assert.deepEqual(server.sent("NOTIFY").slice(1), [
    "NOTIFY #a all",
    "NOTIFY #b pause 7200",
    "NOTIFY * nothing",
  ]);
  assert.match(lobby.timeline.entries.at(-1).text, /5x/);
  actions.input(lobby, "/notify constructor");
  await settle();
  assert.equal(workspace.connection.value.phase, "ready");
});
