/**
 * Capability negotiation (IRCv3 302), the client's half.
 *
 * The page knows its server: it requests what it wants before it has read the offer, which saves a
 * round trip. A request with a capability that the server does not offer is refused as a whole, so
 * that those which depend on its configuration are requested in groups.
 */

/** Capabilities by what the server must have to offer them. */
const GROUPS = [
  [
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "cap-notify",
    "chghost",
    "draft/channel-rename",
    "draft/metadata-2",
    "draft/multiline",
    "draft/read-marker",
    "draft/whoami",
    "echo-message",
    "extended-join",
    "extended-monitor",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "server-time",
    "setname",
    "standard-replies",
    "userhost-in-names",
  ],
  ["draft/chathistory", "draft/event-playback", "soju.im/search", "draft/message-redaction"],
  ["sasl", "draft/account-registration"],
  ["draft/authtoken"],
  ["trio-chat/notify", "trio-chat/number", "trio-chat/translate"],
  ["soju.im/webpush", "draft/webpush"],
];
/** Capabilities on which the sending of messages and the history depend. */
const ESSENTIAL = [
  "batch",
  "draft/chathistory",
  "draft/multiline",
  "echo-message",
  "labeled-response",
  "message-tags",
  "server-time",
];
const MOST_OFFERED = 500;
const WANTED = new Set(GROUPS.flat());

/** The capabilities of one connection. */
export class Negotiation {
  /** @param {(command: string, ...params: string[]) => void} send */
  constructor(send) {
    this.send = send;
    /** @type {Set<string>} */
    this.enabled = new Set();
    /** @type {Map<string, string>} */
    this.offered = new Map();
    /** @type {Set<string>} */
    this.requested = new Set();
    /** Those that were requested, and neither granted nor refused. @type {Set<string>} */
    this.pending = new Set();
    /** Requests that the server has not answered. */
    this.unanswered = 0;
    /** Whether the offer is complete. */
    this.complete = false;
    this.ended = false;
  }

  /** Ask for the offer, and request what this server usually has. */
  begin() {
    this.send("CAP", "LS", "302");
    for (const group of GROUPS.slice(0, 3)) this.request(group);
  }

  /**
   * Take the parameters of a CAP message.
   * @param {readonly string[]} params
   * @returns {boolean} Whether the enabled capabilities have changed.
   */
  receive(params) {
    const kind = (params[1] ?? "").toUpperCase();
    const words = (params.at(-1) ?? "").split(" ").filter(Boolean);
    if (kind === "LS" || kind === "NEW") {
      for (const word of words) this.offer(word);
      if (params[2] === "*" && params.length > 3) return false;
      this.complete = true;
      this.requestOffered();
    } else if (kind === "DEL") {
      for (const word of words) {
        this.offered.delete(word);
        this.enabled.delete(word);
        this.requested.delete(word);
      }
      return true;
    } else if (kind === "ACK") {
      for (const word of words) {
        if (word.startsWith("-")) this.enabled.delete(word.slice(1));
        else this.enabled.add(word);
        this.pending.delete(word);
      }
      this.unanswered = Math.max(this.unanswered - 1, 0);
      return true;
    } else if (kind === "NAK") {
      this.refused(words);
    }
    return false;
  }

  /** @param {string} word */
  offer(word) {
    const key = name(word);
    if (this.offered.size < MOST_OFFERED || WANTED.has(key)) {
      this.offered.set(key, word.slice(key.length + 1));
    }
  }

  /** Request what is offered and was not requested yet. */
  requestOffered() {
    const missing = [...this.offered.keys()].filter(
      (each) => WANTED.has(each) && !this.requested.has(each),
    );
    if (missing.length) this.request(missing);
  }

  /** @param {readonly string[]} names */
  request(names) {
    for (const each of names) {
      this.requested.add(each);
      this.pending.add(each);
    }
    this.unanswered += 1;
    this.send("CAP", "REQ", names.join(" "));
    // The server does not welcome a client that requests something until it ends that again.
    if (this.ended) this.send("CAP", "END");
  }

  /** Let the server welcome the client. */
  end() {
    this.ended = true;
    this.send("CAP", "END");
  }

  /** @param {readonly string[]} names */
  refused(names) {
    this.unanswered = Math.max(this.unanswered - 1, 0);
    for (const each of names) this.pending.delete(each);
    if (names.length < 2) return;
    // Requested one by one, only what the server does not have stays off.
    for (const each of names) {
      if (!this.complete || this.offered.has(each)) this.request([each]);
    }
  }

  /** Note that the server does not know CAP. */
  unavailable() {
    this.complete = true;
    this.unanswered = 0;
    this.pending.clear();
  }

  /** Whether it is known how messages are sent, and what their echoes and the history are like. */
  get isSettled() {
    return !ESSENTIAL.some((each) => this.pending.has(each));
  }

  /** Whether the server answers requests with their labels. */
  get hasLabels() {
    return this.enabled.has("labeled-response") && this.enabled.has("batch");
  }

  /**
   * Return those tags that the server accepts.
   * @param {Iterable<readonly [string, string]>} tags
   */
  allowed(tags) {
    return [...tags].filter(([key]) => {
      if (key === "label") return this.hasLabels;
      const isMultiline = key === "batch" || key === "draft/multiline-concat";
      return this.enabled.has(isMultiline ? "draft/multiline" : "message-tags");
    });
  }

  /**
   * Return the limits of `draft/multiline`; one line without the capability.
   * @returns {{lines: number, bytes: number}}
   */
  get multiline() {
    const { enabled } = this;
    const hasIt = enabled.has("draft/multiline") && enabled.has("batch");
    if (!hasIt || !enabled.has("message-tags")) return { lines: 1, bytes: 0 };
    const value = this.offered.get("draft/multiline") ?? "";
    const limit = (/** @type {string} */ key) =>
      Number(new RegExp(`(?:^|,)${key}=(\\d+)`).exec(value)?.[1] ?? 0);
    return { lines: limit("max-lines") || 24, bytes: limit("max-bytes") };
  }
}

/** @param {string} word */
function name(word) {
  const at = word.indexOf("=");
  return at < 0 ? word : word.slice(0, at);
}
