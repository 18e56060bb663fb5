/**
 * A workspace without a server, for drawing the views: `fakeWorkspace()` has channels with messages
 * of all kinds. Actions that change what is shown do so; the others are recorded in `calls`.
 */
import { signal } from "../../src/trio_chat/web/vendor/signals-core.js";

/** @import { Buffer, Entry, Workspace } from "../../src/trio_chat/web/app/model/types.js" */

let ids = 0;

/**
 * @param {Partial<Entry>} values
 * @returns {Entry}
 */
export function entry(values) {
  ids += 1;
  return {
    id: ids,
    revision: 0,
    msgid: `m${ids}`,
    time: Date.UTC(2026, 0, 31, 12, 0) + ids * 30_000,
    kind: "message",
    nick: "ann",
    account: "",
    text: `text ${ids}`,
    target: "",
    replyTo: "",
    reactions: null,
    redactedBy: "",
    pending: false,
    failed: "",
    mention: false,
    self: false,
    bot: false,
    ...values,
  };
}

/**
 * @param {string} nick
 * @param {string} [prefixes]
 */
export function member(nick, prefixes = "", more = {}) {
  const base = { account: "", bot: false, realname: "", host: "", spoke: 0, away: false };
  return { ...base, nick, prefixes, ...more };
}

/**
 * @param {string} name
 * @param {Buffer["kind"]} kind
 * @param {Entry[]} entries
 * @returns {any}
 */
export function buffer(name, kind, entries = []) {
  ids += 1;
  return {
    id: ids,
    name,
    key: name.toLowerCase(),
    kind,
    topic: signal({ text: "", by: "", time: 0 }),
    modes: signal(""),
    joined: signal(true),
    wanted: signal(true),
    members: new Map(),
    membersVersion: signal(0),
    peer: signal(null),
    myPrefixes: signal(""),
    unread: signal(0),
    mentions: signal(0),
    readMarker: signal(0),
    unreadFrom: signal(0),
    typing: signal([]),
    draft: signal(""),
    replyTo: signal(null),
    notify: signal("all"),
    pins: signal([]),
    timeline: {
      entries,
      version: signal(0),
      hasOlder: signal(false),
      live: signal(true),
      loading: signal(""),
      find: (/** @type {string} */ msgid) => entries.find((each) => each.msgid === msgid),
      indexOf: (/** @type {Entry} */ each) => entries.indexOf(each),
    },
  };
}

/**
 * @param {number} [count] Messages of the lobby.
 * @returns {Workspace & {calls: any[][]}}
 */
export function fakeWorkspace(count = 40) {
  const lobby = buffer("#lobby", "channel", lobbyEntries(count));
  lobby.topic.value = { text: "Welcome: https://example.org/", by: "ann", time: Date.now() };
  lobby.modes.value = "+nt";
  for (const each of [member("me"), member("ann", "@"), member("bob", "+", { away: true })]) {
    lobby.members.set(each.nick, each);
  }
  const other = buffer("#other", "channel", [entry({ text: "hello" })]);
  other.unread.value = 3;
  other.mentions.value = 1;
  const ann = buffer("ann", "private", [entry({ text: "hi, here is a **private** message" })]);
  ann.peer.value = member("ann");
  const server = buffer("", "server", [entry({ kind: "info", nick: "", text: "Welcome" })]);
  /** @type {any[][]} */
  const calls = [];
  /** @type {any} */
  const workspace = {
    calls,
    connection: signal({ phase: "ready", retryAt: 0, reason: "", problem: "" }),
    me: { nick: signal("me"), account: signal(""), away: signal(""), modes: signal("i") },
    features: signal(features()),
    buffers: signal([server, lobby, other, ann]),
    current: signal(lobby),
    notices: signal([]),
    mentions: signal([]),
    profiles: { get: () => undefined, version: signal(0) },
    ignored: signal([]),
    settings: signal(settings()),
    lobby: signal("#lobby"),
    remembered: signal(null),
    wanted: signal([]),
    attentive: signal(true),
    onAlert: null,
    commands: [
      { name: "me", usage: "text", help: "says what you do", complete: ["emoji"] },
      { name: "join", usage: "#channel [key]", help: "joins a channel", complete: ["channel"] },
    ],
  };
  workspace.actions = actions(workspace, calls);
  return workspace;
}

/** @param {number} count */
function lobbyEntries(count) {
  const entries = Array.from({ length: count }, (_, index) =>
    entry({ nick: ["ann", "bob", "me"][index % 3], self: index % 3 === 2, text: `line ${index}` }),
  );
  entries.push(
    entry({ kind: "join", nick: "bob", text: "" }),
    entry({ kind: "part", nick: "carl", text: "good night" }),
    entry({ kind: "action", text: "waves" }),
    entry({ kind: "notice", text: "a notice" }),
    entry({
      text: "several\nlines\n```\ncode\n```",
      reactions: new Map([["👍", new Set(["bob"])]]),
    }),
    entry({ text: "me: look", mention: true, replyTo: "m1" }),
    entry({ text: "", redactedBy: "bob" }),
    entry({ nick: "me", self: true, pending: true, msgid: "", text: "on its way" }),
    entry({ nick: "me", self: true, failed: "You may not write in #lobby.", msgid: "" }),
  );
  return entries;
}

function features() {
  return {
    network: "trio-chat",
    caps: new Set(["message-tags"]),
    prefixes: "~&@%+",
    ranks: "qaohv",
    channelTypes: "#",
    limits: { nick: 32, topic: 390, away: 200, kick: 390, channel: 64, text: 4096, lines: 24 },
    filehost: "",
    call: "",
    vapid: "",
    accounts: true,
    registration: true,
    history: true,
    search: true,
    redaction: true,
    reactions: true,
    markers: true,
    profiles: true,
    mute: true,
    secure: false,
  };
}

function settings() {
  return {
    theme: "system",
    language: "",
    highlights: [],
    notifications: false,
    sound: false,
    showEvents: true,
    sendTyping: true,
    remember: false,
    more: {},
  };
}

/**
 * @param {any} workspace
 * @param {any[][]} calls
 */
function actions(workspace, calls) {
  /** @type {Record<string, Function>} */
  const known = {
    open(/** @type {any} */ wanted) {
      const all = workspace.buffers.value;
      const found = all.find((/** @type {any} */ each) => each === wanted || each.name === wanted);
      if (found) workspace.current.value = found;
      return found ?? null;
    },
    input(/** @type {any} */ target, /** @type {string} */ text) {
      target.timeline.entries.push(entry({ nick: "me", self: true, text, time: Date.now() }));
      target.timeline.version.value += 1;
      target.draft.value = "";
      target.replyTo.value = null;
    },
    setSettings(/** @type {any} */ changes) {
      workspace.settings.value = { ...workspace.settings.value, ...changes };
    },
    dismiss(/** @type {number} */ id) {
      workspace.notices.value = workspace.notices.value.filter(
        (/** @type {any} */ each) => each.id !== id,
      );
    },
    mayRedact: () => true,
    mayPin: () => true,
    search: async () => [{ buffer: "#lobby", entry: entry({ text: "found" }) }],
    list: async () => [{ name: "#lobby", members: 3, topic: "Welcome" }],
    sessions: async () => [],
    alwaysOn: async () => false,
    setAlwaysOn: async () => undefined,
  };
  return new Proxy(known, {
    get(target, name) {
      return (/** @type {any[]} */ ...args) => {
        calls.push([name, ...args]);
        return target[String(name)]?.(...args);
      };
    },
  });
}
