/** Model: everything that the views show, and the rules of unread messages and mentions. */
import { computed, effect, signal, untracked } from "../../vendor/signals-core.js";
import { Isupport } from "../irc/isupport.js";
import { matcher } from "../irc/masks.js";
import { ChatBuffer, makeMember } from "./buffer.js";
import { countsAsUnread, isMessage, makeEntry } from "./entries.js";
import { mentionTest } from "./highlights.js";
import { Levels } from "./levels.js";
import { Profiles } from "./profiles.js";
import { Pulse } from "./pulse.js";

/** @import { Alert, BufferKind, Connection, Entry, Features, Found, Member, Notice } from "./types.js" */
/** @import { Clock } from "./clock.js" */
/** @import { Preferences } from "./settings.js" */

const MOST_NOTICES = 5;
const MOST_MENTIONS = 200;
/** Entries of a buffer that stay in memory when the user goes to another one. */
const KEPT_ENTRIES = 2000;
/** Buffers at most: a server or a flood of private messages cannot open more. */
const MOST_BUFFERS = 500;
/** Order of names: #room2 comes before #room10. */
const NAMES = new Intl.Collator(undefined, { numeric: true });

/** @returns {Features} */
function noFeatures() {
  return {
    network: "",
    caps: new Set(),
    prefixes: "@+",
    ranks: "ov",
    channelTypes: "#",
    limits: { nick: 0, topic: 0, away: 0, kick: 0, channel: 0, text: 0, lines: 0 },
    filehost: "",
    call: "",
    vapid: "",
    accounts: false,
    registration: false,
    history: false,
    search: false,
    redaction: false,
    reactions: false,
    markers: false,
    profiles: false,
    mute: false,
    secure: false,
  };
}

/** The state of the page. */
export class ChatModel {
  /**
   * @param {Clock} clock
   * @param {Preferences} preferences
   */
  constructor(clock, preferences) {
    this.clock = clock;
    this.pulse = new Pulse(clock);
    this.preferences = preferences;
    this.isupport = new Isupport();
    /** @type {import("./types.js").Signal<Connection>} */
    this.connection = signal({ phase: "idle", retryAt: 0, reason: "", problem: "" });
    this.me = { nick: signal(""), account: signal(""), away: signal(""), modes: signal("") };
    this.features = signal(noFeatures());
    /** @type {Map<string, ChatBuffer>} */
    this.byKey = new Map();
    this.server = new ChatBuffer("", "", "server", this.pulse);
    this.buffers = signal([this.server]);
    this.current = signal(/** @type {ChatBuffer|null} */ (null));
    this.notices = signal(/** @type {Notice[]} */ ([]));
    this.mentions = signal(/** @type {Found[]} */ ([]));
    this.attentive = signal(false);
    this.lobby = signal("");
    this.wanted = signal(/** @type {string[]} */ ([]));
    /** @type {((alert: Alert) => void)|null} */
    this.onAlert = null;
    /** Called when the user has read a buffer. @type {(buffer: ChatBuffer, time: number) => void} */
    this.onRead = () => {};
    /** Called when a buffer becomes current. @type {(buffer: ChatBuffer) => void} */
    this.onOpen = () => {};
    this.mentionTest = computed(() =>
      mentionTest(this.me.nick.value, [
        this.me.account.value,
        ...preferences.settings.value.highlights,
      ]),
    );
    this.ignores = computed(() => {
      const matches = matcher(preferences.ignored.value, (name) => this.fold(name));
      // A mask of a host may be that of the user as well: those of one network have the same.
      return (/** @type {string} */ source) =>
        matches(source) && !this.isMe(source.split("!", 1)[0] ?? "");
    });
    this.levels = new Levels(clock, preferences);
    /** Those of before this tab was loaded anew; of a channel until it is joined. */
    this.keptMarkers = new Map(preferences.markers);
    this.profiles = new Profiles(this.pulse, (nick) => this.fold(nick));
    this.noticeIds = 0;
    effect(() => {
      if (this.attentive.value) untracked(() => this.look());
    });
    effect(() => {
      void this.levels.version.value;
      untracked(() => this.showLevels());
    });
  }

  // Names

  /** @param {string} name */
  fold(name) {
    return this.isupport.fold(name);
  }

  /**
   * @param {string} one
   * @param {string} other
   */
  same(one, other) {
    return this.fold(one) === this.fold(other);
  }

  /** @param {string} nick */
  isMe(nick) {
    return nick !== "" && this.same(nick, this.me.nick.value);
  }

  // Buffers

  /** Have each buffer show the level that applies to it. */
  showLevels() {
    for (const buffer of this.byKey.values()) buffer.notify.value = this.levels.of(buffer.key);
  }

  /** @param {string} name */
  get(name) {
    return this.byKey.get(this.fold(name));
  }

  /**
   * Return the buffer of a name, which is made if there is none.
   * @param {string} name
   * @returns {ChatBuffer}
   */
  ensure(name) {
    const key = this.fold(name);
    const known = this.byKey.get(key);
    if (known || !name || this.byKey.size >= MOST_BUFFERS) return known ?? this.server;
    /** @type {BufferKind} */
    const kind = this.isupport.isChannel(name) ? "channel" : "private";
    const buffer = new ChatBuffer(name, key, kind, this.pulse);
    buffer.draft.value = this.preferences.draft(key);
    buffer.notify.value = this.levels.of(key);
    // Messages from before the first visit are not unread, unless a marker is known.
    buffer.readMarker.value =
      this.keptMarkers.get(key) ?? (kind === "channel" ? this.clock.now() : 0);
    this.byKey.set(key, buffer);
    this.sort();
    return buffer;
  }

  /** @param {ChatBuffer} buffer */
  remove(buffer) {
    if (buffer === this.server) return;
    const index = this.buffers.value.indexOf(buffer);
    this.byKey.delete(buffer.key);
    this.preferences.keepDraft(buffer.key, "");
    this.sort();
    if (this.current.value !== buffer) return;
    const left = this.buffers.value;
    this.show(left[Math.min(index, left.length - 1)] ?? this.server);
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {string} name
   */
  rename(buffer, name) {
    const key = this.fold(name);
    const other = this.byKey.get(key);
    if (other && other !== buffer) return;
    this.byKey.delete(buffer.key);
    if (buffer.kind === "channel") this.levels.renamed(buffer.key, key);
    this.preferences.renamed(buffer.key, key);
    buffer.name = name;
    buffer.key = key;
    this.byKey.set(key, buffer);
    this.showLevels();
    this.sort();
  }

  /** Fold all names anew: the server has announced its case mapping. */
  refold() {
    const buffers = [...this.byKey.values()];
    this.byKey.clear();
    for (const buffer of buffers) {
      buffer.key = this.fold(buffer.name);
      // Two names that are one here, as with another server at the same address, are one buffer.
      if (!this.byKey.has(buffer.key)) this.byKey.set(buffer.key, buffer);
    }
    if (this.byKey.size < buffers.length) this.sort();
  }

  sort() {
    const order = (/** @type {ChatBuffer} */ each) => (each.kind === "channel" ? 0 : 1);
    const sorted = [...this.byKey.values()].sort(
      (one, other) => order(one) - order(other) || NAMES.compare(one.key, other.key),
    );
    this.buffers.value = [this.server, ...sorted];
  }

  /** @param {ChatBuffer} buffer */
  show(buffer) {
    const before = this.current.value;
    if (before === buffer) {
      this.look();
      return;
    }
    if (before) {
      before.unreadFrom.value = 0;
      const { timeline } = before;
      const spare = timeline.entries.length - KEPT_ENTRIES;
      if (spare > KEPT_ENTRIES && this.features.value.history) timeline.dropOldest(spare);
    }
    buffer.unreadFrom.value = buffer.unread.value || buffer.newUnread ? buffer.readMarker.value : 0;
    this.current.value = buffer;
    this.preferences.current = buffer.key;
    this.onOpen(buffer);
    this.look();
  }

  // Members

  /** The buffers that show a user: channels with that member, and the conversation. */
  /** @param {string} nick */
  sharing(nick) {
    const key = this.fold(nick);
    return [...this.byKey.values()].filter((each) => each.members.has(key) || each.key === key);
  }

  /**
   * Change what is known about a user in all places.
   * @param {string} nick
   * @param {Partial<Member>} changes
   */
  updateUser(nick, changes) {
    const key = this.fold(nick);
    for (const buffer of this.sharing(nick)) {
      const member = buffer.members.get(key);
      if (member) {
        Object.assign(member, changes);
        buffer.membersChanged();
      }
      if (buffer.key === key && buffer.peer.value) {
        buffer.peer.value = { ...buffer.peer.value, ...changes };
      }
    }
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {boolean} online
   */
  setOnline(buffer, online) {
    if (!online) buffer.peer.value = null;
    else if (!buffer.peer.value) buffer.peer.value = makeMember(buffer.name);
  }

  // Messages

  /**
   * Add an entry that has just come.
   * @param {ChatBuffer} buffer
   * @param {Entry} entry
   */
  add(buffer, entry) {
    if (!buffer.timeline.live.value && entry.msgid) {
      // The timeline shows the past; only the count tells of the new message.
      if (buffer.count(entry)) this.alert(buffer, entry);
      return;
    }
    if (!buffer.timeline.append(entry)) return;
    if (entry.self) buffer.unreadFrom.value = 0;
    this.noteMention(buffer, entry);
    if (buffer === this.current.value && this.attentive.value) {
      const isOurs = entry.pending || entry.kind === "info" || entry.kind === "error";
      // The clock of the page may be ahead of the server's.
      if (!isOurs || buffer.kind === "server") this.markRead(buffer, entry.time);
    } else if (buffer.count(entry)) this.arrived(buffer, entry);
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {Entry} entry
   */
  arrived(buffer, entry) {
    if (buffer === this.current.value) this.startUnread(buffer);
    this.alert(buffer, entry);
  }

  /**
   * Begin the unread messages of the current buffer behind the read marker, unless there are some.
   * @param {ChatBuffer} buffer
   */
  startUnread(buffer) {
    buffer.unreadFrom.value ||= buffer.readMarker.value;
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {Entry} entry
   */
  alert(buffer, entry) {
    const { value: notify } = buffer.notify;
    const wanted = notify === "all" || (notify === "mentions" && entry.mention);
    if (wanted && this.onAlert) this.onAlert({ buffer, entry });
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {Entry} entry
   */
  noteMention(buffer, entry) {
    if (!entry.mention || buffer.kind !== "channel" || !countsAsUnread(entry)) return;
    const known = this.mentions.value;
    if (known.some((each) => each.entry.msgid && each.entry.msgid === entry.msgid)) return;
    const all = [...known, { buffer: buffer.name, entry }];
    all.sort((one, other) => other.entry.time - one.entry.time);
    this.mentions.value = all.slice(0, MOST_MENTIONS);
  }

  /**
   * Put a block of the history in its place; see `MessageTimeline.merge`.
   * @param {ChatBuffer} buffer
   * @param {number} index
   * @param {readonly Entry[]} block
   * @returns {Entry[]} Those that were not there already.
   */
  merge(buffer, index, block) {
    const added = buffer.timeline.merge(index, block);
    // That an entry was received is no proof that it is in the history; that it is there, is.
    for (const entry of block) if (entry.msgid) this.noteStored(buffer, entry.msgid);
    for (const entry of added) this.noteMention(buffer, entry);
    buffer.recount();
    if (buffer.unread.value && buffer === this.current.value) this.startUnread(buffer);
    if (!buffer.unread.value || buffer === this.current.value) this.look();
    return added;
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {string} msgid
   */
  noteStored(buffer, msgid) {
    const entry = buffer.timeline.find(msgid);
    if (entry) entry.stored = true;
  }

  /**
   * Say whether a message mentions the user, by a name or by a reply; each message of a private
   * conversation does.
   * @param {ChatBuffer} buffer
   * @param {Entry} entry
   */
  isMention(buffer, entry) {
    if (entry.self || !isMessage(entry)) return false;
    if (buffer.kind === "private" || this.mentionTest.value(entry.text)) return true;
    return Boolean(entry.replyTo && buffer.timeline.find(entry.replyTo)?.self);
  }

  /** Note that the user sees the current buffer: its messages are read. */
  look() {
    const buffer = this.current.value;
    if (!buffer || !this.attentive.peek() || !buffer.timeline.live.peek()) return;
    const { timeline } = buffer;
    const newest = buffer.kind === "server" ? timeline.entries.at(-1) : timeline.newest;
    if (newest) this.markRead(buffer, newest.time);
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {number} time
   */
  markRead(buffer, time) {
    if (buffer.readUntil(time)) this.onRead(buffer, time);
  }

  /**
   * Show a line of this client in a buffer.
   * @param {ChatBuffer} buffer
   * @param {string} text
   * @param {boolean} [error]
   */
  tell(buffer, text, error = false) {
    this.add(buffer, makeEntry(error ? "error" : "info", "", text, this.clock.now()));
  }

  /**
   * Show a passing note.
   * @param {string} text
   * @param {boolean} [error]
   */
  notify(text, error = false) {
    this.noticeIds += 1;
    const notice = { id: this.noticeIds, text, error };
    const others = this.notices.value.filter((each) => each.text !== text);
    this.notices.value = [...others, notice].slice(-MOST_NOTICES);
  }

  /** @param {number} id */
  dismiss(id) {
    this.notices.value = this.notices.value.filter((each) => each.id !== id);
  }
}
