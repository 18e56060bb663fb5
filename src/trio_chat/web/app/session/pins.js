/**
 * Pinned messages of channels: the metadata `trio-chat/pins` has their msgids, the newest pin first,
 * and the history has the messages. Operators change the pins through ChanServ.
 */
import { isMessage } from "../model/entries.js";
import { isBatch } from "./batches.js";
import { historyBlock } from "./events.js";
import { ConnectionLost } from "./requests.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { Client } from "./client.js" */

export const PINS = "trio-chat/pins";
/** Pins of one channel, as many as the server has. */
const MOST = 10;
const MSGID = /^[^\s;\\]{1,64}$/u;

/** The pins of one client. */
export class Pins {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** Channels of whose pins the server has not spoken on this connection. @type {Set<ChatBuffer>} */
    this.unconfirmed = new Set();
    /** Channels whose messages are being fetched. @type {Set<ChatBuffer>} */
    this.loading = new Set();
  }

  get available() {
    return this.client.profiles.available && this.client.history.available;
  }

  /** Wait for the pins of all channels: what is not named has none any longer. */
  begin() {
    this.unconfirmed = new Set(this.client.model.buffers.value);
  }

  /** Take the end of the server's answer to the subscription. */
  followed() {
    for (const buffer of this.unconfirmed) this.set(buffer, []);
    this.unconfirmed.clear();
  }

  /**
   * Take the value of a channel.
   * @param {string} target
   * @param {string} value
   */
  received(target, value) {
    const buffer = this.client.model.get(target);
    if (!buffer || buffer.kind !== "channel") return;
    this.unconfirmed.delete(buffer);
    this.set(buffer, [...new Set(value.split(" "))].filter((msgid) => MSGID.test(msgid)));
    if (buffer === this.client.model.current.value) void this.load(buffer);
  }

  /**
   * Note that the values of a channel come later.
   * @param {string} target
   */
  later(target) {
    const buffer = this.client.model.get(target);
    if (buffer) this.unconfirmed.delete(buffer);
  }

  /**
   * Forget the pins of a channel that is joined; the server names those of now, if it has some.
   * @param {ChatBuffer} buffer
   */
  joined(buffer) {
    if (this.client.profiles.isFollowing) this.set(buffer, []);
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {string[]} msgids
   */
  set(buffer, msgids) {
    const before = buffer.pins.peek();
    const known = new Map(before.map((pin) => [pin.msgid, pin]));
    if (!msgids.length && !before.length) return;
    buffer.pins.value = msgids
      .slice(0, MOST)
      .map((msgid) => known.get(msgid) ?? { msgid, entry: null, missing: false });
  }

  /**
   * Fetch the pinned messages of a channel that are not there yet.
   * @param {ChatBuffer} buffer
   */
  async load(buffer) {
    if (!this.available || !buffer.joined.value || this.loading.has(buffer)) return;
    this.loading.add(buffer);
    try {
      for (;;) {
        const next = buffer.pins.peek().find(({ entry, missing }) => !entry && !missing);
        if (!next) return;
        const entry = await this.fetch(buffer, next.msgid);
        const found = { msgid: next.msgid, entry, missing: !entry };
        const all = buffer.pins.peek();
        buffer.pins.value = all.map((pin) => (pin.msgid === next.msgid ? found : pin));
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    } finally {
      this.loading.delete(buffer);
    }
  }

  /**
   * Return a message; null when the history does not have it, or its author is ignored.
   * @param {ChatBuffer} buffer
   * @param {string} msgid
   * @returns {Promise<Entry|null>}
   */
  async fetch(buffer, msgid) {
    const known = buffer.timeline.find(msgid);
    if (known) return known;
    const params = ["AROUND", buffer.name, `msgid=${msgid}`, "1"];
    try {
      const items = await this.client.request("CHATHISTORY", params);
      for (const batch of items.filter(isBatch)) {
        const { entries } = historyBlock(this.client.model, batch);
        const found = entries.find((entry) => entry.msgid === msgid && isMessage(entry));
        if (found) return found;
      }
    } catch (error) {
      if (error instanceof ConnectionLost) throw error;
    }
    return null;
  }

  /**
   * Return whether the user may pin a message, or take that back.
   * @param {ChatBuffer} buffer
   * @param {Entry} entry
   */
  mayChange(buffer, entry) {
    if (!this.available || buffer.kind !== "channel" || !entry.msgid || entry.redactedBy) return false;
    return isMessage(entry) && this.client.isOperator(buffer);
  }
}
