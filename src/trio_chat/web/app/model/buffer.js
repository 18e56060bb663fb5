/** Buffer: one channel, one private conversation, or the messages of the server itself. */
import { signal } from "../../vendor/signals-core.js";
import { countsAsUnread, isMessage, isRemote } from "./entries.js";
import { MessageTimeline } from "./timeline.js";

/** @import { BufferKind, Entry, Member, Notify, Pin } from "./types.js" */
/** @import { Pulse } from "./pulse.js" */

let count = 0;

/**
 * Make a member of a channel of whom only the nickname is known.
 * @param {string} nick
 * @returns {Member}
 */
export function makeMember(nick) {
  const unknown = { prefixes: "", away: false, account: "", bot: false };
  return { nick, ...unknown, realname: "", host: "", spoke: 0 };
}

/** One buffer. */
export class ChatBuffer {
  /**
   * @param {string} name
   * @param {string} key
   * @param {BufferKind} kind
   * @param {Pulse} pulse
   */
  constructor(name, key, kind, pulse) {
    count += 1;
    this.id = count;
    this.named = signal(name);
    this.key = key;
    this.kind = kind;
    this.pulse = pulse;
    this.topic = signal({ text: "", by: "", time: 0 });
    this.modes = signal("");
    this.joined = signal(kind !== "channel");
    this.wanted = signal(kind !== "channel");
    /** @type {Map<string, Member>} */
    this.members = new Map();
    this.membersVersion = signal(0);
    this.peer = signal(/** @type {Member|null} */ (null));
    this.myPrefixes = signal("");
    this.unread = signal(0);
    this.mentions = signal(0);
    this.readMarker = signal(0);
    this.unreadFrom = signal(0);
    this.typing = signal(/** @type {string[]} */ ([]));
    this.draft = signal("");
    this.replyTo = signal(/** @type {Entry|null} */ (null));
    this.notify = signal(/** @type {Notify} */ ("mentions"));
    this.pins = signal(/** @type {Pin[]} */ ([]));
    this.timeline = new MessageTimeline(pulse);
    /** Unread messages and mentions that the signals do not show yet. */
    this.newUnread = 0;
    this.newMentions = 0;
    this.showCounts = () => {
      this.unread.value += this.newUnread;
      this.mentions.value += this.newMentions;
      this.newUnread = this.newMentions = 0;
    };
    /** Whether the newest page of the history was fetched on this page. */
    this.fetched = false;
    /**
     * The newest entry before messages that were perhaps missed: those between it and the next one
     * are not known until they are fetched. @type {Entry|undefined}
     */
    this.missedAfter = undefined;
    /** When the first message was sent that is left out: its author is ignored. */
    this.hiddenFrom = Infinity;
    /** The last number of a message on this connection (`trio-chat/number`); 0 for none. */
    this.lastNumber = 0;
    /** The newest entry of the former connections. @type {Entry|undefined} */
    this.heardBefore = undefined;
    /** Whether messages may have been deleted while there was no connection. */
    this.unverified = false;
    /** When the channel was created, as the server says on this connection; 0 when unknown. */
    this.created = 0;
    /** Whether the server has said how far the user has read. */
    this.markerKnown = false;
    /** Whether the accounts of the members were asked for. */
    this.knowsMembers = false;
    /** Members of a NAMES reply that has not ended. @type {Map<string, Member>|null} */
    this.arriving = null;
  }

  /** Note that messages from now on may be missed. */
  interrupted() {
    const { timeline } = this;
    this.lastNumber = 0;
    if (!timeline.live.value) return;
    this.heardBefore = timeline.newest;
    this.missedAfter ??= this.heardBefore;
    if (this.missedAfter && !this.fetched) timeline.hasOlder.value = true;
    this.fetched = this.missedAfter !== undefined;
  }

  /**
   * Note that a message is left out.
   * @param {number} time
   */
  hide(time) {
    this.hiddenFrom = Math.min(this.hiddenFrom, time);
  }

  membersChanged() {
    this.pulse.touch(this.membersVersion);
  }

  /** The name; what shows it is drawn anew when it changes. */
  get name() {
    return this.named.value;
  }

  set name(name) {
    this.named.value = name;
  }

  /**
   * Count a message that has come, if the user has not read it on any device.
   * @param {Entry} entry
   */
  count(entry) {
    if (!countsAsUnread(entry) || entry.time <= this.readMarker.value) return false;
    this.newUnread += 1;
    if (entry.mention) this.newMentions += 1;
    this.pulse.later(this.showCounts);
    return true;
  }

  /** Count the messages behind the read marker anew. */
  recount() {
    let unread = 0;
    let mentions = 0;
    this.newUnread = this.newMentions = 0;
    const { entries } = this.timeline;
    for (let index = entries.length - 1; index >= 0; index -= 1) {
      const entry = entries[index];
      if (!entry) break;
      const isRead = entry.time <= this.readMarker.value;
      // Lines of the page itself, messages that were not sent, and events that the history does not
      // have, are not in order of time.
      if (isRead && isMessage(entry) && isRemote(entry)) break;
      if (isRead || !countsAsUnread(entry)) continue;
      unread += 1;
      if (entry.mention) mentions += 1;
    }
    this.unread.value = unread;
    this.mentions.value = mentions;
  }

  /**
   * Move the read marker forward; it never moves back.
   * @param {number} time
   */
  readUntil(time) {
    if (time <= this.readMarker.value) return false;
    this.readMarker.value = time;
    this.recount();
    return true;
  }
}
