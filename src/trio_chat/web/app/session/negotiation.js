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
  ["soju.im/webpush", "draft/webpush"],
];
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
      for (const word of words) this.offered.set(name(word), word.slice(name(word).length + 1));
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
      }
      this.unanswered = Math.max(this.unanswered - 1, 0);
      return true;
    } else if (kind === "NAK") {
      this.refused(words);
    }
    return false;
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
    for (const each of names) this.requested.add(each);
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
    if (names.length < 2) return;
    // Requested one by one, only what the server does not have stays off.
    for (const each of names) {
      if (!this.complete || this.offered.has(each)) this.request([each]);
    }
  }

  /**
   * Return the limits of `draft/multiline`; one line without the capability.
   * @returns {{lines: number, bytes: number}}
   */
  get multiline() {
    if (!this.enabled.has("draft/multiline")) return { lines: 1, bytes: 0 };
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
