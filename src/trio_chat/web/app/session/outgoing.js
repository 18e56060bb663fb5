/**
 * Messages of the user, from the prompt to the server's confirmation.
 *
 * A message is shown at once as pending. Its echo (IRCv3 `echo-message`) has its label, and
 * confirms it. If the connection is lost before that, the history decides (`delivery`).
 */
import { format } from "../irc/message.js";
import { batches, messageLines, pieces, roomForText } from "../irc/split.js";
import { makeEntry } from "../model/entries.js";
import { N_, _ } from "../platform/i18n.js";
import { isSecretMessage } from "../text/secrets.js";
import { isBatch } from "./batches.js";
import { Deliveries } from "./delivery.js";
import { isStored, messageEntry, timeOf } from "./events.js";
import { messageRefused } from "./reasons.js";
import { ConnectionLost } from "./requests.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Entry, EntryKind } from "../model/types.js" */
/** @import { Line } from "../irc/split.js" */
/** @import { Message } from "../irc/message.js" */
/** @import { Item } from "./batches.js" */
/** @import { Client } from "./client.js" */
/** @import { Seen } from "./delivery.js" */

const MOST_WAITING = 200;
const UNSURE = N_("The connection was lost; this was perhaps not delivered.");

/**
 * @typedef {object} Outgoing
 * @property {ChatBuffer} buffer
 * @property {Entry} entry
 * @property {Line[]} lines
 * @property {"waiting"|"sent"|"unknown"} state `unknown`: sent on a connection that was lost.
 * @property {boolean} isSecret
 * @property {Entry|undefined} after The newest entry when it was sent.
 * @property {number} sentAt When it was sent; 0 before that.
 */

/** The messages that are not confirmed, the oldest first. */
export class OutgoingMessages {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** @type {Outgoing[]} */
    this.messages = [];
    this.references = 0;
  }

  /**
   * Send a text, in as many messages as it takes.
   * @param {ChatBuffer} buffer
   * @param {string} text
   * @param {EntryKind} kind
   * @param {string} replyTo
   */
  send(buffer, text, kind, replyTo) {
    const { model, negotiation } = this.client;
    if (this.messages.length >= MOST_WAITING) {
      model.notify(_("Too many messages wait to be sent."), true);
      this.client.onRefused();
      return false;
    }
    const command = kind === "notice" ? "NOTICE" : "PRIVMSG";
    const frame = kind === "action" ? "\x01ACTION \x01".length : 0;
    const room = roomForText(this.client.source, buffer.name, command) - frame;
    const { lines, bytes } = negotiation.multiline;
    const parts =
      kind === "message" && lines > 1
        ? batches(messageLines(text, room), lines, bytes)
        : text
            .split("\n")
            .flatMap((line) => pieces(line, room))
            .filter((line) => line.trim())
            .map((line) => [{ text: line, concat: false }]);
    parts.forEach((part, index) => this.add(buffer, part, kind, index ? "" : replyTo));
    return true;
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {Line[]} lines
   * @param {EntryKind} kind
   * @param {string} replyTo
   */
  add(buffer, lines, kind, replyTo) {
    const { model } = this.client;
    const text = lines
      .map((line, index) => (index && !line.concat ? "\n" : "") + line.text)
      .join("");
    if (!text.trim()) return;
    const secret = isSecretMessage(buffer.name, text);
    const shown = secret ? text.replace(/\s\S.*/s, " ••••••") : text;
    const entry = makeEntry(kind, model.me.nick.value, shown, model.clock.now());
    entry.pending = entry.self = true;
    entry.account = model.me.account.value;
    entry.replyTo = replyTo;
    /** @type {Outgoing} */
    const message = {
      buffer,
      entry,
      lines,
      state: "waiting",
      isSecret: secret,
      after: undefined,
      sentAt: 0,
    };
    this.messages.push(message);
    model.add(buffer, entry);
    this.transmit(message);
    if (message.state === "waiting") this.keepDraft(buffer);
  }

  /**
   * Keep the draft of a buffer, after the messages that have never been sent: a page that is loaded
   * anew finds them in the prompt.
   * @param {ChatBuffer} buffer
   */
  keepDraft(buffer) {
    const waiting = this.messages.filter(
      (each) => each.buffer === buffer && each.state === "waiting" && !each.isSecret,
    );
    const texts = [...waiting.map(({ entry }) => typedAs(entry)), buffer.draft.value];
    this.client.model.preferences.keepDraft(buffer.key, texts.filter(Boolean).join("\n"));
  }

  /**
   * Send a failed message again.
   * @param {Entry} entry
   */
  resend(entry) {
    const buffer = this.client.model.buffers.value.find(
      (each) => each.timeline.indexOf(entry) >= 0,
    );
    if (!buffer || !entry.failed) return;
    buffer.timeline.remove(entry);
    this.send(buffer, entry.text, entry.kind, entry.replyTo);
  }

  /** @param {Outgoing} message */
  transmit(message) {
    const { buffer, entry } = message;
    if (!this.client.isReady || !buffer.joined.value || this.client.history.syncing.has(buffer))
      return;
    message.state = "sent";
    message.after = buffer.timeline.newest;
    message.sentAt = this.client.clock.now();
    const { negotiation } = this.client;
    /** @type {[string, string][]} */
    const tags = negotiation.hasLabels ? [["label", this.request(message)]] : [];
    if (entry.replyTo) tags.push(["+reply", entry.replyTo], ["+draft/reply", entry.replyTo]);
    try {
      for (const line of this.lines(message, tags)) this.client.link.send(line);
    } catch {
      this.fail(message, _("This cannot be sent."));
      return;
    }
    // A server without echoes confirms nothing.
    const isConfirmed = negotiation.hasLabels || negotiation.enabled.has("echo-message");
    if (!isConfirmed) this.confirm(message, "", this.client.clock.now());
  }

  /**
   * Return the label by which the server answers a message.
   * @param {Outgoing} message
   */
  request(message) {
    return this.client.requests.add(
      (items) => this.answered(message, items),
      (error) => {
        if (error instanceof ConnectionLost) message.state = "unknown";
        else this.fail(message, error.message);
      },
    );
  }

  /**
   * Take the echo of a message from a server without labels.
   * @param {ChatBuffer} buffer
   * @param {Entry} echo
   * @returns {boolean} Whether it is that of a message that waits for one.
   */
  echoed(buffer, echo) {
    if (this.client.negotiation.hasLabels || !echo.self) return false;
    const message = this.messages.find(
      (each) =>
        each.buffer === buffer && each.state === "sent" && each.entry.text.trim() === echo.text.trim(),
    );
    if (message) this.confirm(message, echo.msgid, echo.time);
    return message !== undefined;
  }

  /**
   * Take a refusal from a server without labels.
   * @param {string} target
   * @param {Message} message
   * @returns {boolean} Whether a message to the target waits for an answer.
   */
  refused(target, message) {
    const buffer = this.client.model.get(target);
    const first = this.messages.find((each) => each.buffer === buffer && each.state === "sent");
    if (!first || this.client.negotiation.hasLabels) return false;
    this.fail(first, messageRefused(target, message));
    return true;
  }

  /** The connection has ended: whether a message without an answer was delivered is not known. */
  interrupted() {
    for (const message of this.messages) if (message.state === "sent") message.state = "unknown";
  }

  /**
   * @param {Outgoing} message
   * @param {[string, string][]} tags
   */
  lines({ buffer, entry, lines }, tags) {
    const allowed = this.client.negotiation.allowed(tags);
    const command = entry.kind === "notice" ? "NOTICE" : "PRIVMSG";
    if (lines.length === 1) {
      const [line] = lines;
      const text = entry.kind === "action" ? `\x01ACTION ${line?.text}\x01` : (line?.text ?? "");
      return [format(command, [buffer.name, text], allowed)];
    }
    this.references += 1;
    const reference = `m${this.references}`;
    return [
      format("BATCH", [`+${reference}`, "draft/multiline", buffer.name], allowed),
      ...lines.map((line) => {
        const concat = line.concat ? [/** @type {const} */ (["draft/multiline-concat", ""])] : [];
        return format(command, [buffer.name, line.text], [["batch", reference], ...concat]);
      }),
      format("BATCH", [`-${reference}`]),
    ];
  }

  /**
   * @param {Outgoing} message
   * @param {Item[]} items
   */
  answered(message, items) {
    const { model } = this.client;
    let isSettled = false;
    for (const item of items) {
      const isText = isBatch(item) || item.command === "PRIVMSG" || item.command === "NOTICE";
      const placed = isText ? messageEntry(model, item) : null;
      if (placed) {
        this.confirm(message, item.tags.get("msgid") ?? "", timeOf(item, model.clock.now()));
        isSettled = true;
      } else if (!isBatch(item) && /^(FAIL|[45]\d\d)$/.test(item.command)) {
        this.fail(message, messageRefused(message.buffer.name, item));
        isSettled = true;
      } else {
        this.client.dispatch(item, message.buffer);
      }
    }
    if (!isSettled) this.confirm(message, "", model.clock.now());
  }

  /**
   * @param {Outgoing} message
   * @param {string} msgid
   * @param {number} time
   */
  confirm(message, msgid, time) {
    const { model } = this.client;
    this.forget(message);
    const { buffer, entry } = message;
    entry.stored = isStored(buffer, entry);
    if (buffer.timeline.find(msgid)) buffer.timeline.remove(entry);
    else if (buffer.timeline.live.value) buffer.timeline.confirm(entry, msgid, time);
    else buffer.timeline.remove(entry);
    if (time > buffer.readMarker.value) model.markRead(buffer, time);
  }

  /**
   * @param {Outgoing} message
   * @param {string} reason
   */
  fail(message, reason) {
    this.forget(message);
    message.buffer.timeline.fail(message.entry, reason);
  }

  /** @param {Outgoing} message */
  forget(message) {
    this.messages = this.messages.filter((each) => each !== message);
  }

  /**
   * Return whether some messages of a buffer were perhaps delivered.
   * @param {ChatBuffer} buffer
   */
  isUnsure(buffer) {
    return this.messages.some((each) => each.buffer === buffer && each.state === "unknown");
  }

  /**
   * Settle the messages of a buffer whose history is known now, and send those that wait.
   * @param {ChatBuffer} buffer
   * @param {Seen} seen
   */
  synced(buffer, seen) {
    const hadWaiting = this.messages.some((each) => each.buffer === buffer && each.state === "waiting");
    const deliveries = new Deliveries(this.client, this.hasHistory(buffer) ? seen : "never");
    for (const message of this.messages.filter((each) => each.buffer === buffer)) {
      const isDelivered = message.state === "unknown" ? deliveries.of(message) : false;
      if (isDelivered) {
        this.forget(message);
        buffer.timeline.remove(message.entry);
      } else if (isDelivered === false) {
        this.transmit(message);
      } else if (deliveries.seen !== "later") {
        this.fail(message, _(UNSURE));
      }
    }
    if (hadWaiting) this.keepDraft(buffer);
  }

  /** @param {ChatBuffer} buffer */
  hasHistory(buffer) {
    return buffer.kind === "channel" || this.client.model.me.account.value !== "";
  }

  /**
   * Fail the messages to a channel that the user is not in. Those that were sent are answered.
   * @param {ChatBuffer} buffer
   * @param {string} reason
   */
  refuse(buffer, reason) {
    for (const message of this.messages.filter((each) => each.buffer === buffer)) {
      if (message.state === "waiting") this.fail(message, reason);
      else if (message.state === "unknown") this.fail(message, _(UNSURE));
    }
    this.keepDraft(buffer);
  }
}

/**
 * Return what a user types to send a message.
 * @param {Entry} entry
 */
function typedAs({ kind, text }) {
  if (kind === "action") return `/me ${text}`;
  return text.startsWith("/") ? `/${text}` : text;
}
