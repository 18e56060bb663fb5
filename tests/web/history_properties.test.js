/**
 * Random runs against a model of a server: whatever happens to the connection, a timeline is a part
 * of the server's history, without a gap, a double, or a deletion that nobody made.
 *
 * A failure names its seed; `SEED=n node --test tests/web/history_properties.test.js` repeats it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { modelled } from "./history_model.js";
import { settle } from "./support.js";

const CHANNELS = ["#lobby", "#b", "#c", "#d", "#e", "#f"];
const RUNS = 40;
const STEPS = 60;

/** @param {{kind: string}} each */
const isText = (each) => each.kind === "message";

/** One run: actions of users, of the server and of the network, in any order. */
class Run {
  constructor(world, options) {
    Object.assign(this, world);
    this.options = options;
    this.texts = 0;
    this.typed = [];
    this.log = [];
  }

  pick(items) {
    return items[Math.floor(this.random() * items.length)];
  }

  channel() {
    return this.pick(CHANNELS);
  }

  text() {
    this.texts += 1;
    return `text ${this.texts}`;
  }

  get buffers() {
    return this.workspace.buffers.value.filter((each) => each.kind === "channel");
  }

  possible() {
    const { server, actions, workspace } = this;
    return {
      hear: () => server.hear(this.channel(), this.text()),
      burst: () => {
        const name = this.channel();
        const count = Math.floor(this.random() * 30);
        for (let each = 0; each < count; each += 1) server.hear(name, this.text());
      },
      time: () => this.clock.advance(Math.floor(this.random() * 3000)),
      say: () => {
        const buffer = this.pick(this.buffers);
        if (!buffer) return;
        const text = this.text();
        if (buffer.wanted.value) this.typed.push({ buffer, text });
        actions.input(buffer, text);
      },
      some: async () => {
        for (let count = this.random() * 12; count > 0; count -= 1) await server.step(this.random);
      },
      cut: () => server.cut(),
      wake: () => this.client.link.wake(),
      open: () => actions.open(this.channel()),
      look: () => {
        workspace.attentive.value = this.random() < 0.6;
      },
      older: () =>
        workspace.current.value && void actions.loadOlder(workspace.current.value).catch(() => {}),
      newer: () =>
        workspace.current.value && void actions.loadNewer(workspace.current.value).catch(() => {}),
      jump: () => {
        const buffer = this.pick(this.buffers);
        const record = this.pick(server.shown(buffer.name));
        if (record?.id) void actions.loadAround(buffer, record.id).catch(() => {});
      },
      live: () => void actions.backToLive(this.pick(this.buffers)),
      part: () => {
        const buffer = this.pick(this.buffers);
        if (buffer.joined.value) actions.part(buffer);
      },
      join: () => actions.join(this.channel()),
      remove: () => {
        const record = this.pick(this.texted());
        // A message that the history never showed is sent again: nothing says that it was deleted.
        const isPending = this.client.outgoing.messages.some(
          (each) => each.entry.text === record?.text,
        );
        if (record && !isPending) server.remove(record);
      },
      trouble: () => {
        server.trouble = this.random() < 0.5 ? 0.5 : 0;
      },
      ...this.options.more?.(this),
    };
  }

  texted() {
    return [...this.server.all.values()].filter((each) => each.command === "PRIVMSG");
  }

  async start() {
    for (const name of CHANNELS.slice(1)) this.actions.join(name);
    await this.server.drain(this.random);
  }

  async play() {
    for (let count = 0; count < STEPS; count += 1) {
      const all = this.possible();
      const name = this.pick(Object.keys(all));
      this.log.push(name);
      await all[name]();
      if (this.random() < 0.7) await this.server.step(this.random);
    }
  }

  /** Let everything come to an end: connected, answered, and tried again. */
  async rest() {
    this.server.trouble = 0;
    for (let count = 0; count < 12; count += 1) {
      this.client.link.wake();
      await this.server.drain(this.random);
      await this.clock.advance(10_000);
    }
    await this.server.drain(this.random);
    for (const { name } of this.buffers) {
      this.actions.open(name);
      await this.server.drain(this.random);
    }
    for (const { timeline } of this.buffers) await this.toTheEnd(timeline);
    await settle();
  }

  async toTheEnd(timeline) {
    const buffer = this.buffers.find((each) => each.timeline === timeline);
    for (let count = 0; count < 1000 && !timeline.live.value; count += 1) {
      void this.actions.loadNewer(buffer).catch(() => {});
      await this.server.drain(this.random);
    }
    assert.equal(timeline.live.value, true, "the end of the history is reached");
  }

  check() {
    for (const buffer of this.buffers) if (buffer.joined.value) this.checkBuffer(buffer);
    this.checkOwn();
  }

  checkBuffer(buffer) {
    const { name, timeline } = buffer;
    const entries = timeline.entries.filter(
      (each) => isText(each) && !each.failed && !each.pending,
    );
    const key = (each) => each.msgid || each.text;
    const keys = entries.map(key);
    assert.equal(new Set(keys).size, keys.length, `${name} has a double`);
    const stored = this.server.shown(name).filter((each) => each.command === "PRIVMSG");
    const ids = stored.map((each) => each.id || each.text);
    const known = keys.filter((each) => ids.includes(each));
    assert.deepEqual(known, ids.slice(ids.length - known.length), `${name} has a gap`);
    if (ids.length) assert.ok(known.length > 0, `${name} is empty`);
    for (const entry of entries) {
      const record = this.server.all.get(key(entry));
      assert.ok(record, `${name} has a message that was never sent: ${entry.text}`);
      if (entry.redactedBy) assert.ok(record.deleted, `nobody deleted ${record.text} in ${name}`);
      else assert.equal(entry.text, record.text);
    }
    const unread = entries.filter(
      (each) => !each.self && !each.redactedBy && each.time > buffer.readMarker.value,
    );
    assert.equal(buffer.unread.value, unread.length, `${name} counts wrongly`);
    this.options.check?.(this, buffer, entries);
  }

  /** What the user typed was sent once, or is shown as failed. */
  checkOwn() {
    for (const { buffer, text } of this.typed) {
      const sent = this.server.all;
      const copies = [...sent.values()].filter((each) => each.text === text).length;
      const entries = buffer.timeline.entries.filter((each) => each.text === text);
      const failed = entries.some((each) => each.failed);
      assert.ok(!entries.some((each) => each.pending), `${text} is pending`);
      assert.ok(copies <= 1, `${text} was sent twice`);
      assert.ok(copies === 1 || failed, `${text} is lost`);
    }
  }
}

async function runs(options) {
  const seeds = process.env.SEED
    ? [Number(process.env.SEED)]
    : Array.from({ length: options.runs ?? RUNS }, (_value, index) => index + 1);
  for (const seed of seeds) {
    const run = new Run(await modelled(options, seed), options);
    try {
      await run.start();
      await run.play();
      await run.rest();
      run.check();
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}\n${run.log.join(" ")}`;
      throw error;
    }
  }
}

test("no gap, no double and no false deletion, wherever the connection ends", () => runs({}));

test("a server with small pages leaves no gap", () => runs({ page: 7 }));

test("a server that does not mark the last page leaves no gap", () =>
  runs({ page: 10, endTag: false }));

test("a server without msgids leaves no gap and makes no double", () => runs({ msgids: false }));

test("a server without labels leaves no gap and makes no double", () => runs({ labels: false }));

test("a server without events in the history leaves no gap", () =>
  runs({ page: 10, playback: false, endTag: false }));

/** What was deleted in the newest page of a channel is not shown any longer. */
function checkDeletions({ server, options }, { name, created }, entries) {
  const page = server.shown(name).slice(-100);
  const first = page[0]?.id ?? "";
  for (const entry of entries) {
    if (entry.msgid <= first || !(entry.stored || options.tombstones) || !created) continue;
    const { deleted } = server.all.get(entry.msgid);
    if (deleted) assert.equal(entry.text, "", `${name} shows a deleted message`);
  }
}

test("a server that leaves deleted messages out has them disappear", () =>
  runs({ check: checkDeletions }));

test("a server that marks deleted messages has them disappear", () =>
  runs({ tombstones: true, check: checkDeletions }));

test("what the server does not keep, or not any longer, was not deleted", () =>
  runs({
    page: 20,
    more: ({ server, random }) => ({
      expire() {
        const name = CHANNELS[Math.floor(random() * CHANNELS.length)];
        for (const each of server.shown(name).slice(0, Math.floor(random() * 20))) {
          // What was just sent does not expire at once.
          if (each.source.startsWith("me") && each.text) break;
          each.expired = true;
        }
      },
      operators: () => server.hear("#lobby", `@ ${(server.ids += 1)}`, { hidden: true, to: "@" }),
      moderated() {
        const isOn = random() < 0.5;
        if (isOn === server.modes.endsWith("U")) return;
        server.modes = isOn ? "+ntU" : "+nt";
        if (server.members.has("#lobby")) {
          server.say(`:op!u@h MODE #lobby ${isOn ? "+" : "-"}U`);
        }
      },
      unstored() {
        const isOn = server.modes.endsWith("U");
        server.hear("#lobby", `U ${(server.ids += 1)}`, { hidden: isOn });
      },
    }),
  }));
