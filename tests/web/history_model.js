/**
 * A model of a server whose history can be compared with a timeline. Lines are delivered one at a
 * time, in both directions, so that a test can end the connection between any two of them.
 */
import { parse } from "../../src/trio_chat/web/app/irc/message.js";
import { connected, FakeClock, FakeServer, generator } from "./support.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The server: `options` say how it differs from ours. */
export class ModelServer extends FakeServer {
  /**
   * @param {FakeClock} clock
   * @param {object} options `page`: messages of a page; `endTag`: whether the last one is marked;
   *   `msgids`, `labels`: whether there are any; `playback`: whether the history has events;
   *   `tombstones`: whether it has the deletions.
   */
  constructor(clock, options) {
    super(clock);
    this.options = { page: 100, endTag: true, msgids: true, playback: true, ...options };
    this.inbox = [];
    this.outbox = [];
    /** All messages by channel, with their fate: `deleted`, `expired`, `hidden`. */
    this.kept = {};
    this.all = new Map();
    /** Chance that the history cannot be read. */
    this.trouble = 0;
    this.random = generator(1);
    if (this.options.labels === false) {
      this.caps = this.caps.replace("labeled-response ", "");
    }
    this.tokens = ` CHATHISTORY=${this.options.page}`;
    if (!this.options.msgids) this.tokens += " MSGREFTYPES=timestamp";
    this.members = new Set();
    this.replace("CHATHISTORY", (_server, message) => this.chathistory(message));
    this.replace("PRIVMSG", (_server, message) => this.said(message));
    this.replace("JOIN", (_server, message) => this.joining(message));
    this.replace("PART", (_server, { params }) => {
      this.members.delete(params[0]);
      this.say(`:${this.nick}!u@h PART ${params[0]}`);
    });
  }

  receive(line) {
    this.inbox.push(line);
  }

  say(line) {
    this.outbox.push([this.socket, line]);
  }

  /** Carry out one line of the client, or deliver one of the server. */
  async step(random) {
    await turn();
    const canAnswer = this.inbox.length > 0;
    const canSay = this.outbox.length > 0;
    if (!canAnswer && !canSay) return false;
    if (canAnswer && (!canSay || random() < 0.5)) super.receive(this.inbox.shift());
    else {
      const [socket, line] = this.outbox.shift();
      socket.deliver(line);
    }
    await turn();
    return true;
  }

  async drain(random) {
    while (await this.step(random));
  }

  /** End the connection: what is on the way is lost in both directions. */
  cut() {
    this.inbox.length = this.outbox.length = 0;
    this.members.clear();
    this.drop();
  }

  store(name, source, command, text, more = {}) {
    this.ids += 1;
    const id = this.options.msgids ? `id${String(this.ids).padStart(9, "0")}` : "";
    const record = { id, time: this.clock.now(), name, source, command, text, ...more };
    (this.kept[name] ??= []).push(record);
    this.all.set(id || text, record);
    return record;
  }

  /** The records that CHATHISTORY shows. */
  shown(name) {
    return (this.kept[name] ?? []).filter((each) => {
      const isGone = each.hidden || each.expired || (each.deleted && !this.options.tombstones);
      return !isGone && (this.options.playback || !/JOIN|TAGMSG/.test(each.command));
    });
  }

  line(record, tags = []) {
    const stamp = new Date(record.time).toISOString();
    const all = [...(record.id ? [`msgid=${record.id}`] : []), `time=${stamp}`, ...tags];
    const text = record.text === undefined ? "" : ` :${record.text}`;
    const target = `${record.to ?? ""}${record.name}`;
    return `@${all.join(";")} :${record.source} ${record.command} ${target}${text}`;
  }

  /** Have somebody say something. */
  hear(name, text, more = {}) {
    const record = this.store(name, "ann!u@h", "PRIVMSG", text, more);
    if (this.members.has(name)) this.say(this.line(record));
    return record;
  }

  remove(record) {
    record.deleted = true;
    if (this.members.has(record.name)) this.say(`:op!u@h REDACT ${record.name} ${record.id}`);
  }

  said(message) {
    const [name, text] = message.params;
    const record = this.store(name, `${this.nick}!u@h`, "PRIVMSG", text);
    const label = message.tags.get("label");
    this.say(this.line(record, label ? [`label=${label}`] : []));
  }

  joining({ params }) {
    for (const name of params[0].split(",")) {
      this.members.add(name);
      const record = { ...this.store(name, `${this.nick}!u@h`, "JOIN"), command: "JOIN" };
      this.say(this.line(record));
      this.say(`:server 353 ${this.nick} = ${name} :${this.nick}!u@h @ann!u@h`);
      this.say(`:server 366 ${this.nick} ${name} :End`);
    }
  }

  chathistory(message) {
    const [kind, name, ...rest] = message.params;
    const label = message.tags.get("label");
    const tag = label ? `@label=${label}` : "@x";
    if (this.random() < this.trouble) {
      this.say(`${tag} :server FAIL CHATHISTORY MESSAGE_ERROR ${kind} ${name} :Not now`);
      return;
    }
    const all = this.shown(name);
    const limit = Math.min(Number(rest.pop()), this.options.page);
    const page = select(kind, all, this.kept[name] ?? [], rest, limit);
    const end = page.isEnd && this.options.endTag ? ";draft/chathistory-end" : "";
    const batch = `H${(this.ids += 1)}`;
    this.say(`${tag}${end} :server BATCH +${batch} chathistory ${name}`);
    for (const record of page.records) {
      this.say(this.line(record, [`batch=${batch}`]));
      if (record.deleted) {
        this.say(`@batch=${batch} :op!u@h REDACT ${record.name} ${record.id}`);
      }
    }
    this.say(`:server BATCH -${batch}`);
  }
}

/** Return the records that a subcommand asks for. */
function select(kind, shown, kept, references, limit) {
  const place = (reference) => {
    const [type, value] = reference.split("=");
    if (type === "msgid") {
      const at = kept.findIndex((each) => each.id === value);
      return {
        before: (each) => kept.indexOf(each) < at,
        after: (each) => kept.indexOf(each) > at,
      };
    }
    const time = Date.parse(value);
    return { before: (each) => each.time < time, after: (each) => each.time > time };
  };
  if (kind === "AROUND") {
    const { before } = place(references[0]);
    const past = shown.filter(before).slice(-Math.floor(limit / 2));
    const rest = shown.filter((each) => !before(each)).slice(0, limit - past.length);
    return { records: [...past, ...rest], isEnd: false };
  }
  if (kind === "AFTER") {
    const all = shown.filter(place(references[0]).after);
    return { records: all.slice(0, limit), isEnd: all.length <= limit };
  }
  const all =
    kind === "BEFORE"
      ? shown.filter(place(references[0]).before)
      : references[0] === "*"
        ? shown
        : shown.filter(place(references[0]).after);
  return { records: all.slice(-limit), isEnd: all.length <= limit };
}

/** Return a workspace that is connected to a model of a server. */
export async function modelled(options, seed) {
  const clock = new FakeClock();
  const server = new ModelServer(clock, options);
  const random = generator(seed);
  server.random = generator(seed + 7);
  const all = await connected({ clock, server });
  await server.drain(random);
  await clock.advance(1);
  await server.drain(random);
  return { ...all, random };
}
