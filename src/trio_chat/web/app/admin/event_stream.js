/** Server-Sent Events as a stream of text (HTML §9.2.6); `EventSource` can send no header. */

/** Characters of an event that is not complete; a server that sends more is not one of ours. */
const MOST = 1_000_000;

/**
 * @typedef {object} ServerEvent
 * @property {string} type
 * @property {string} data
 */

/** The parser of one stream. */
export class EventStreamParser {
  #rest = "";
  #type = "";
  /** @type {string[]} */
  #data = [];
  #size = 0;

  /** @param {(event: ServerEvent) => void} onEvent */
  constructor(onEvent) {
    this.onEvent = onEvent;
  }

  /**
   * Take the next piece of the stream, which may end within a line.
   * @param {string} text
   * @throws {RangeError} An event is too long.
   */
  push(text) {
    const joined = this.#rest + text;
    // A line may end with CRLF, of which the second half is yet to come.
    const whole = joined.endsWith("\r") ? joined.slice(0, -1) : joined;
    const lines = whole.split(/\r\n|\r|\n/u);
    this.#rest = (lines.pop() ?? "") + joined.slice(whole.length);
    if (this.#rest.length + this.#size > MOST) throw new RangeError("too long an event");
    for (const line of lines) this.#take(line);
  }

  /** @param {string} line */
  #take(line) {
    if (!line) {
      this.#end();
      return;
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? [];
    if (field === "event") this.#type = value;
    if (field !== "data") return;
    this.#size += value.length;
    this.#data.push(value);
  }

  #end() {
    const event = { type: this.#type || "message", data: this.#data.join("\n") };
    const hasData = this.#data.length > 0;
    this.#type = "";
    this.#data = [];
    this.#size = 0;
    if (hasData) this.onEvent(event);
  }
}
