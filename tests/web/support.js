/** A clock, a WebSocket and a server in memory, and a workspace that uses them. */
import assert from "node:assert/strict";
import { format, parse } from "../../src/trio_chat/web/app/irc/message.js";
import { makeWorkspace } from "../../src/trio_chat/web/app/session/workspace.js";

/** A clock that stands still until a test moves it. */
export class FakeClock {
  constructor() {
    this.time = Date.UTC(2026, 0, 31, 12);
    this.timers = [];
    this.count = 0;
  }

  now() {
    return this.time;
  }

  random() {
    return 0.5;
  }

  start(action, delay) {
    this.count += 1;
    this.timers.push({ id: this.count, at: this.time + delay, action });
    return this.count;
  }

  stop(id) {
    this.timers = this.timers.filter((timer) => timer.id !== id);
  }

  /** Move on, and run the timers that are due, in their order. */
  async advance(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const due = this.timers
        .filter((timer) => timer.at <= end)
        .sort((a, b) => a.at - b.at || a.id - b.id);
      if (!due.length) break;
      this.time = Math.max(this.time, due[0].at);
      this.stop(due[0].id);
      due[0].action();
      await settle();
    }
    this.time = end;
    await settle();
  }
}

/** Let everything happen that waits for nothing but its turn. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Milliseconds after which something that ought to happen is held never to. */
const PATIENCE = 30_000;

/** Wait for something that loads a module or computes a key on its way, however long that takes. */
export async function until(condition) {
  for (const end = Date.now() + PATIENCE; !condition() && Date.now() < end; ) await settle();
  assert.ok(condition());
}

/** Numbers that look random, the same in each run (mulberry32). */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const CAPS =
  "account-notify account-tag away-notify batch cap-notify chghost draft/account-registration" +
  " draft/channel-rename draft/chathistory draft/event-playback draft/message-redaction" +
  " draft/multiline=max-bytes=4096,max-lines=24 draft/read-marker draft/whoami echo-message" +
  " extended-join extended-monitor invite-notify labeled-response message-tags multi-prefix" +
  " sasl=PLAIN,SCRAM-SHA-256 server-time setname soju.im/search standard-replies userhost-in-names";
const ISUPPORT =
  "AWAYLEN=390 CASEMAPPING=ascii UTF8MAPPING=rfc8265 CHANMODES=beI,k,fl,CEMRUimnstu CHANTYPES=#" +
  " EXTBAN=,amr MONITOR=100 NETWORK=test NICKLEN=32 PREFIX=(qaohv)~&@%+ STATUSMSG=~&@%+ TOPICLEN=390 WHOX";

/**
 * A server with one client: it has a history, and answers as the real one does. `replace` gives it
 * another answer to a command; an answer that is not a function is no answer.
 */
export class FakeServer {
  constructor(clock) {
    this.clock = clock;
    /** @type {FakeSocket[]} */
    this.sockets = [];
    this.lines = [];
    this.caps = CAPS;
    this.answers = {};
    this.reachable = true;
    /** Whether attempts to connect are not even refused. */
    this.silent = false;
    /** Lines of each conversation, the oldest first. */
    this.history = {};
    this.page = 100;
    this.ids = 0;
    this.nick = "";
    this.taken = [];
    this.markers = {};
    this.modes = "+nt";
    /** Further tokens of RPL_ISUPPORT, each with a space before it. */
    this.tokens = "";
    /** When its channels were created, in seconds. */
    this.created = 1_700_000_000;
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The lines that the client has sent with this command, without tags. */
  sent(command) {
    return this.lines
      .filter((line) => parse(line)?.command === command)
      .map((line) => line.replace(/^@\S+ /, ""));
  }

  replace(command, answer) {
    this.answers[command] = answer;
  }

  get stamp() {
    return new Date(this.clock.now()).toISOString();
  }

  /** Send a line of the server. */
  say(line) {
    this.socket?.deliver(line);
  }

  /** Store a message, and return its line with tags. */
  store(name, source, command, text, tags = []) {
    this.ids += 1;
    const msgid = `id${String(this.ids).padStart(11, "0")}`;
    const params = text === undefined ? [name] : [name, text];
    const line = (more) => {
      const all = [["time", this.stamp], ["msgid", msgid], ...tags, ...more];
      return `@${all.map(([key, value]) => (value ? `${key}=${value}` : key)).join(";")} :${source} ${format(command, params)}`;
    };
    const stored = { msgid, time: this.clock.now(), line: line([]), plain: line };
    (this.history[name] ??= []).push(stored);
    return stored;
  }

  /** Have somebody say something now. */
  hear(name, nick, text, tags = []) {
    const stored = this.store(name, `${nick}!u@h`, "PRIVMSG", text, tags);
    this.say(stored.line);
    return stored.msgid;
  }

  receive(line) {
    this.lines.push(line);
    const message = parse(line);
    const answer =
      message && message.command in this.answers
        ? this.answers[message.command]
        : ANSWERS[message?.command];
    if (typeof answer === "function") answer(this, message);
  }

  /** Answer with a label, if the command has one. */
  reply(message, lines) {
    const label = message.tags.get("label");
    if (!label) lines.forEach((line) => this.say(line));
    else if (!lines.length) this.say(`@label=${label} :server ACK`);
    else if (lines.length === 1) this.say(withTag(lines[0], `label=${label}`));
    else {
      this.say(`@label=${label} :server BATCH +L${label} labeled-response`);
      lines.forEach((line) =>
        this.say(line.includes("batch=") ? line : withTag(line, `batch=L${label}`)),
      );
      this.say(`:server BATCH -L${label}`);
    }
  }

  /** End the connection without a word. */
  drop() {
    this.socket?.serverClose(1006);
  }
}

function withTag(line, tag) {
  return line.startsWith("@") ? line.replace("@", `@${tag};`) : `@${tag} ${line}`;
}

const ANSWERS = {
  PING: (server, { params }) => server.say(`:server PONG server ${params[0]}`),
  CAP(server, { params }) {
    if (params[0] === "LS") server.say(`:server CAP * LS :${server.caps}`);
    if (params[0] === "REQ") {
      // "the server MUST NOT complete registration until the client sends a CAP END command".
      if (!server.welcomed) server.ended = false;
      const offered = server.caps.split(" ").map((word) => word.split("=")[0]);
      const all = params[1].split(" ").every((word) => offered.includes(word));
      server.say(`:server CAP * ${all ? "ACK" : "NAK"} :${params[1]}`);
    }
    if (params[0] === "END") server.ended = true;
    welcome(server);
  },
  NICK(server, { params }) {
    if (server.taken.includes(params[0])) {
      server.say(`:server 433 * ${params[0]} :Nickname is already in use`);
      return;
    }
    if (server.welcomed) server.say(`:${server.nick}!u@h NICK ${params[0]}`);
    server.nick = params[0];
    welcome(server);
  },
  JOIN(server, { params }) {
    if (!server.welcomed) {
      server.say(":server 451 * JOIN :You have not registered");
      return;
    }
    for (const name of params[0].split(",")) {
      server.say(
        `@time=${server.stamp};msgid=join${(server.ids += 1)} :${server.nick}!u@h JOIN ${name} * :me`,
      );
      server.say(`:server MARKREAD ${name} ${server.markers[name] ?? "*"}`);
      server.say(`:server 353 ${server.nick} = ${name} :${server.nick}!u@h @ann!u@h`);
      server.say(`:server 366 ${server.nick} ${name} :End`);
    }
  },
  MODE(server, message) {
    const [name = ""] = message.params;
    if (message.params.length > 1 || !name.startsWith("#")) return;
    server.say(`:server 324 ${server.nick} ${name} ${server.modes}`);
    server.say(`:server 329 ${server.nick} ${name} ${server.created}`);
  },
  PART: (server, { params }) => server.say(`:${server.nick}!u@h PART ${params.join(" :")}`),
  PRIVMSG(server, message) {
    const { tags, params } = message;
    if (tags.has("batch")) {
      server.multiline.push(message);
      return;
    }
    const stored = server.store(params[0], `${server.nick}!u@h`, "PRIVMSG", params[1]);
    server.reply(message, [stored.line]);
  },
  BATCH(server, message) {
    if (message.params[0].startsWith("+")) {
      server.multiline = [];
      server.opening = message;
      return;
    }
    const target = server.opening.params[2];
    server.ids += 1;
    const msgid = `id${String(server.ids).padStart(11, "0")}`;
    const label = server.opening.tags.get("label");
    server.say(
      `@label=${label};msgid=${msgid};time=${server.stamp} :${server.nick}!u@h BATCH +M draft/multiline ${target}`,
    );
    for (const each of server.multiline) {
      const concat = each.tags.has("draft/multiline-concat") ? ";draft/multiline-concat" : "";
      server.say(`@batch=M${concat} :${server.nick}!u@h PRIVMSG ${target} :${each.params[1]}`);
    }
    server.say(":server BATCH -M");
  },
  TAGMSG: (server, { params, tags }) => {
    const all = [...tags].filter(([key]) => key.startsWith("+") && key !== "+typing");
    if (all.length)
      server.say(server.store(params[0], `${server.nick}!u@h`, "TAGMSG", undefined, all).line);
  },
  CHATHISTORY: (server, message) => chathistory(server, message),
  REDACT: (server, message) =>
    server.reply(message, [`:${server.nick}!u@h REDACT ${message.params.join(" ")}`]),
  MARKREAD(server, { params }) {
    if (params[1]) server.markers[params[0]] = params[1];
    server.say(`:server MARKREAD ${params[0]} ${server.markers[params[0]] ?? "*"}`);
  },
};

function welcome(server) {
  if (!server.ended || !server.nick || server.welcomed) return;
  server.welcomed = true;
  server.say(`@time=${server.stamp} :server 001 ${server.nick} :Welcome`);
  server.say(`:server 005 ${server.nick} ${ISUPPORT}${server.tokens} :are supported`);
  server.say(`:server 422 ${server.nick} :No MOTD`);
}

function chathistory(server, message) {
  const [kind, name, ...references] = message.params;
  const all = server.history[name] ?? [];
  const limit = Math.min(Number(message.params.at(-1)), server.page);
  const at = (reference) => {
    const [type, value] = reference.split("=");
    if (type === "msgid") return all.findIndex((each) => each.msgid === value);
    return all.findLastIndex((each) => each.time <= Date.parse(value));
  };
  const from = references[0] === "*" ? -1 : at(references[0]);
  if (references[0] !== "*" && references[0].startsWith("msgid") && from < 0) {
    server.reply(message, [`:server FAIL CHATHISTORY INVALID_PARAMS ${kind} :No such message`]);
    return;
  }
  let found = all;
  if (kind === "LATEST") found = all.slice(from + 1).slice(-limit);
  if (kind === "BEFORE") found = all.slice(0, from).slice(-limit);
  if (kind === "AFTER") found = all.slice(from + 1).slice(0, limit);
  if (kind === "AROUND") {
    found = all.slice(Math.max(from - Math.floor(limit / 2), 0), from + Math.ceil(limit / 2));
  }
  if (kind === "BETWEEN") {
    const [low, high] = [from, at(references[1])].sort((a, b) => a - b);
    found = all.slice(low + 1, high).slice(-limit);
  }
  const end = {
    LATEST: found[0] === all[from + 1],
    BEFORE: found[0] === all[0],
    AFTER: found.at(-1) === all.at(-1),
    BETWEEN: found.length < limit,
  }[kind];
  const reference = `H${(server.ids += 1)}`;
  const tags = `label=${message.tags.get("label")}${end ? ";draft/chathistory-end" : ""}`;
  server.say(`@${tags} :server BATCH +${reference} chathistory ${name}`);
  for (const each of found) server.say(each.plain([["batch", reference]]));
  server.say(`:server BATCH -${reference}`);
}

/** The socket of a client: what it sends arrives in a later turn, and so do the answers. */
export class FakeSocket {
  constructor(server, url, protocol) {
    this.server = server;
    this.url = url;
    this.protocol = protocol;
    this.closed = false;
    server.sockets.push(this);
    server.ended = server.welcomed = false;
    server.nick = "";
    queueMicrotask(() => {
      if (server.silent) return;
      if (!server.reachable) this.serverClose(1006);
      else if (!this.closed) this.onopen?.({});
    });
  }

  get readyState() {
    return this.closed ? 3 : 1;
  }

  send(line) {
    queueMicrotask(() => {
      if (!this.closed) this.server.receive(line);
    });
  }

  deliver(line) {
    if (!this.closed) this.onmessage?.({ data: line });
  }

  close() {
    this.closed = true;
  }

  serverClose(code) {
    this.closed = true;
    this.onclose?.({ code });
  }
}

/** A storage area in memory. */
export class FakeStorage {
  constructor() {
    this.values = {};
  }

  get length() {
    return Object.keys(this.values).length;
  }

  key(index) {
    return Object.keys(this.values)[index] ?? null;
  }

  getItem(key) {
    return this.values[key] ?? null;
  }

  setItem(key, value) {
    this.values[key] = String(value);
  }

  removeItem(key) {
    delete this.values[key];
  }
}

/** Keeps no login. */
class NoKeys {
  remembered = { value: null };
  kept = null;

  async load() {
    return this.kept;
  }

  async save(login) {
    this.kept = login;
  }

  async remove() {
    this.kept = null;
  }
}

/** Return a workspace whose server is in memory; it is not connected. */
export function newWorkspace(options = {}) {
  const clock = options.clock ?? new FakeClock();
  const server = options.server ?? new FakeServer(clock);
  class WebSocket extends FakeSocket {
    constructor(url, protocol) {
      super(server, url, protocol);
    }
  }
  const lasting = options.lasting ?? new FakeStorage();
  const passing = options.passing ?? new FakeStorage();
  const keys = options.keys ?? new NoKeys();
  const place = {
    url: "ws://chat/",
    host: "chat",
    secure: options.secure ?? false,
    lobby: "#lobby",
    network: "",
  };
  const made = makeWorkspace(place, {
    clock,
    WebSocket,
    lasting,
    passing,
    keys,
    openDatabase: options.openDatabase ?? (async () => null),
  });
  return { ...made, clock, server, lasting, passing, keys, actions: made.workspace.actions };
}

/** Return a workspace that is in the lobby, which the user looks at. */
export async function connected(options = {}) {
  const all = newWorkspace(options);
  all.workspace.attentive.value = true;
  all.actions.connect({ nick: "me", ...options.connect });
  await settle();
  await all.clock.advance(1);
  return {
    ...all,
    buffer: all.workspace.current.value,
    texts: () => textsOf(all.workspace.current.value),
  };
}

/** The texts of the messages of a buffer. */
export function textsOf(buffer) {
  return buffer.timeline.entries
    .filter((entry) => entry.kind === "message")
    .map((entry) => entry.text);
}
