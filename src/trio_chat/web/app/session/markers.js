/** Read markers (IRCv3 `read-marker`): how far the user has read, the same on all devices. */

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Client } from "./client.js" */

/** Pause in which markers are collected: following a busy channel sends few of them. */
const PAUSE = 2000;

/** The markers that the server is to be informed of. */
export class ReadMarkers {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** @type {Map<ChatBuffer, number>} */
    this.waiting = new Map();
    this.timer = 0;
  }

  get available() {
    return this.client.isReady && this.client.negotiation.enabled.has("draft/read-marker");
  }

  /**
   * Note that the user has read a buffer up to a time.
   * @param {ChatBuffer} buffer
   * @param {number} time
   */
  read(buffer, time) {
    if (buffer.kind === "server") return;
    if (!this.waiting.size) this.timer = this.client.clock.start(() => this.flush(), PAUSE);
    this.waiting.set(buffer, time);
  }

  /** Inform the server now, and keep the markers: the server forgets those of a guest that leaves. */
  flush() {
    const { model } = this.client;
    this.client.clock.stop(this.timer);
    model.preferences.markers = model.buffers.value
      .filter(({ kind }) => kind !== "server")
      .map(({ key, readMarker }) => [key, readMarker.value]);
    if (this.available) {
      for (const [buffer, time] of this.waiting) {
        this.client.send("MARKREAD", buffer.name, `timestamp=${new Date(time).toISOString()}`);
      }
    }
    this.waiting.clear();
  }

  /**
   * Ask for the marker of a buffer.
   * @param {ChatBuffer} buffer
   */
  request(buffer) {
    if (this.available) this.client.send("MARKREAD", buffer.name);
  }

  /**
   * Take what the server says, perhaps after another device has moved the marker.
   * @param {ChatBuffer} buffer
   * @param {string} value
   */
  received(buffer, value) {
    const time = Date.parse(value.replace(/^timestamp=/, ""));
    if (!Number.isFinite(time)) return;
    if (!buffer.markerKnown) {
      // What was assumed when the channel was joined does not count.
      buffer.markerKnown = true;
      buffer.readMarker.value = time;
      buffer.recount();
      return;
    }
    buffer.readUntil(time);
  }
}
