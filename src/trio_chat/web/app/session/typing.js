/** Typing notifications (IRCv3 `typing`), sent and received. */

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Client } from "./client.js" */

/** Pause between two notifications that this client sends. */
const SEND_EVERY = 3000;
/** Time after which a user that sends no other notification has stopped. */
const LASTS = { active: 6000, paused: 30_000 };
const MOST_TYPING = 20;

function ignore() {}

/** Who types where. */
export class Typing {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** Timers by buffer and nickname. @type {Map<ChatBuffer, Map<string, number>>} */
    this.timers = new Map();
    /** @type {Map<ChatBuffer, number>} */
    this.sent = new Map();
  }

  /**
   * Note that the user has changed the prompt.
   * @param {ChatBuffer} buffer
   * @param {boolean} active False when the prompt was emptied without sending.
   */
  typed(buffer, active) {
    const { client } = this;
    const allowed =
      client.isReady &&
      client.negotiation.enabled.has("message-tags") &&
      client.model.preferences.settings.value.sendTyping &&
      buffer.kind !== "server" &&
      buffer.joined.value;
    if (!allowed) return;
    const last = this.sent.get(buffer);
    const now = client.clock.now();
    if (active && last !== undefined && now - last < SEND_EVERY) return;
    if (!active && last === undefined) return;
    if (active) this.sent.set(buffer, now);
    else this.sent.delete(buffer);
    // By the label, a refusal is that of no message, and not shown.
    const label = client.requests.add(ignore, ignore);
    /** @type {[string, string][]} */
    const tags = [["+typing", active ? "active" : "done"], ["label", label]];
    client.sendTagged(tags, "TAGMSG", [buffer.name]);
  }

  /**
   * Note that a message was sent, which says that the user has stopped typing.
   * @param {ChatBuffer} buffer
   */
  messageSent(buffer) {
    this.sent.delete(buffer);
  }

  /**
   * Take the notification of another user.
   * @param {ChatBuffer} buffer
   * @param {string} nick
   * @param {string} state
   */
  received(buffer, nick, state) {
    this.stop(buffer, nick);
    if (state !== "active" && state !== "paused") return;
    const timers = this.timers.get(buffer) ?? new Map();
    if (timers.size >= MOST_TYPING) return;
    timers.set(
      nick,
      this.client.clock.start(() => this.stop(buffer, nick), LASTS[state]),
    );
    this.timers.set(buffer, timers);
    buffer.typing.value = [...timers.keys()];
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {string} nick
   */
  stop(buffer, nick) {
    const timers = this.timers.get(buffer);
    const timer = timers?.get(nick);
    if (!timers || timer === undefined) return;
    this.client.clock.stop(timer);
    timers.delete(nick);
    if (!timers.size) this.timers.delete(buffer);
    buffer.typing.value = [...timers.keys()];
  }

  /** Forget everything: the connection has ended. */
  end() {
    for (const [buffer, timers] of this.timers) {
      for (const timer of timers.values()) this.client.clock.stop(timer);
      buffer.typing.value = [];
    }
    this.timers.clear();
    this.sent.clear();
  }
}
