/** Private conversations: opening them, and seeing whether the other side is there (MONITOR). */

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Client } from "./client.js" */

const MOST_MONITORED = 100;
const AT_ONCE = 10;

/** The private conversations of a client. */
export class PrivateConversations {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
  }

  /** Go on with all of them after the welcome. */
  welcomed() {
    const { buffers } = this.client.model;
    const privates = buffers.value.filter((each) => each.kind === "private");
    this.monitor(
      "+",
      privates.map((each) => each.name),
    );
    for (const buffer of privates) this.enter(buffer);
  }

  /**
   * Return the buffer of a private conversation, which is made if there is none.
   * @param {string} nick
   */
  open(nick) {
    const { model, isReady } = this.client;
    const known = model.get(nick);
    if (known) return known;
    const buffer = model.ensure(nick);
    if (buffer.kind === "private" && isReady) {
      this.monitor("+", [nick]);
      this.enter(buffer);
    }
    return buffer;
  }

  /** @param {ChatBuffer} buffer */
  enter(buffer) {
    this.client.markers.request(buffer);
    this.client.history.sync(buffer);
  }

  /**
   * @param {"+"|"-"} sign
   * @param {string[]} nicks
   */
  monitor(sign, nicks) {
    const { isupport } = this.client.model;
    if (!isupport.tokens.has("MONITOR")) return;
    const most = isupport.number("MONITOR") || MOST_MONITORED;
    const some = nicks.filter(Boolean).slice(0, most);
    for (let start = 0; start < some.length; start += AT_ONCE) {
      this.client.send("MONITOR", sign, some.slice(start, start + AT_ONCE).join(","));
    }
  }
}
