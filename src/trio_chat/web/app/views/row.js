/**
 * Components of the rows of a timeline. They read no signals: the timeline passes what they need,
 * and a row is drawn again only when its entry has another revision.
 */

import { Component, h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { _, numberText, plural } from "../platform/i18n.js";
import { bareTime, clockTime, dayName, fullDate, fullTime } from "../platform/dates.js";
import { roomIn } from "../text/calls.js";
import { plain, plainName } from "../text/formatting.js";
import { nickClass } from "../text/nick_colour.js";
import { filesOf, isJumbo, lineNodes, textNodes, withoutFiles } from "../text/nodes.js";
import { withFileNames } from "../text/targets.js";
import { Avatar, Icon } from "./icon.js";
import { eventText } from "./event_text.js";
import { Files } from "./files.js";
import { summary } from "./rows.js";

/** @import { ComponentChildren } from "../../vendor/preact.js" */
/** @import { Buffer, Entry, Workspace } from "../model/types.js" */
/** @import { Clock } from "../platform/dates.js" */
/** @import { TextOptions } from "../text/nodes.js" */
/** @import { Row } from "./rows.js" */

/**
 * What all rows of a timeline have in common. A new object draws all rows again.
 * @typedef {object} RowContext
 * @property {Workspace} workspace
 * @property {Buffer} buffer
 * @property {Clock} clock
 * @property {TextOptions} text
 * @property {string} nick The user's own nickname.
 * @property {boolean} canReact
 * @property {string} call Address that rooms for calls are under, "" for none.
 */

const MOST_NAMES = 3;
/**
 * What stands beneath messages besides what belongs to them.
 * @type {WeakMap<Entry, () => ComponentChildren>}
 */
export const beneath = new WeakMap();

/**
 * Return the element of a row.
 * @param {Row} row
 * @param {RowContext} context
 */
export function rowNode(row, context) {
  switch (row.type) {
    case "day":
      return h(Day, { key: row.key, time: row.time });
    case "unread":
      return h("div", { key: row.key, class: "unread-line" }, h("span", null, _("New messages")));
    case "events":
      return h(Events, { key: row.key, entries: row.entries, count: row.entries.length, context });
    default: {
      const { entry, first } = row;
      return h(Message, { key: row.key, entry, revision: entry.revision, first, context });
    }
  }
}

/** @param {{time: number}} props */
function Day({ time }) {
  return h("div", { class: "day", role: "separator" }, h("span", { title: fullDate(time) }, dayName(time)));
}

/** @typedef {{entries: Entry[], count: number, context: RowContext}} EventsProps */

/** Folded events; the list of all opens on a click. */
class Events extends Component {
  /**
   * @param {EventsProps} next
   * @returns {boolean}
   * @override
   */
  shouldComponentUpdate(next) {
    const { count, context } = /** @type {EventsProps} */ (this.props);
    return next.count !== count || next.context !== context;
  }

  /** @override */
  render() {
    const { entries, context } = /** @type {EventsProps} */ (this.props);
    const [only] = entries;
    if (entries.length === 1 && only)
      return h("div", { class: "events" }, eventText(only, context.text));
    return h(
      "details",
      { class: "events" },
      h("summary", null, summaryText(entries)),
      h(
        "ul",
        null,
        entries.map((entry) =>
          h(
            "li",
            { key: entry.id },
            h(Time, { time: entry.time, clock: context.clock }),
            eventText(entry, context.text),
          ),
        ),
      ),
    );
  }
}

/** @param {readonly Entry[]} entries */
function summaryText(entries) {
  const { joined, left, passed, returned, renamed, modes } = summary(entries);
  const parts = [
    people(joined, _("{names} joined", { names: names(joined) })),
    people(left, _("{names} left", { names: names(left) })),
    people(passed, _("{names} came and went", { names: names(passed) })),
    people(returned, _("{names} left and came back", { names: names(returned) })),
    ...renamed
      .slice(0, MOST_NAMES)
      .map(({ from, to }) => _("{from} is now {to}", { from: plainName(from), to: plainName(to) })),
    modes.length ? plural("{count} mode change", "{count} mode changes", modes.length) : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

/**
 * @param {string[]} nicks
 * @param {string} text
 */
function people(nicks, text) {
  return nicks.length ? text : "";
}

/** @param {string[]} nicks */
function names(nicks) {
  const shown = nicks.slice(0, MOST_NAMES).map(plainName).join(", ");
  const rest = nicks.length - MOST_NAMES;
  return rest > 0
    ? plural("{names} and {count} other", "{names} and {count} others", rest, { names: shown })
    : shown;
}

/** @param {{time: number, clock: Clock, class?: string}} props */
function Time({ time, clock, class: name }) {
  return h(
    "time",
    { dateTime: new Date(time).toISOString(), title: fullTime(time, clock), class: name },
    name ? bareTime(time, clock) : clockTime(time, clock),
  );
}

/**
 * @typedef {{entry: Entry, revision: number, first: boolean, context: RowContext}} MessageProps
 */

/** One message, or an event that is not folded. */
class Message extends Component {
  /**
   * @param {MessageProps} next
   * @returns {boolean}
   * @override
   */
  shouldComponentUpdate(next) {
    const { entry, revision, first, context } = /** @type {MessageProps} */ (this.props);
    return (
      next.revision !== revision ||
      next.entry !== entry ||
      next.first !== first ||
      next.context !== context
    );
  }

  /** @override */
  render() {
    const { entry, first, context } = /** @type {MessageProps} */ (this.props);
    switch (entry.kind) {
      case "message":
      case "notice":
        return spoken(entry, first, context);
      case "action":
        return acted(entry, context);
      default:
        return happened(entry, context);
    }
  }
}

/**
 * @param {Entry} entry
 * @param {string} more
 */
function attributes(entry, more) {
  const flags = [
    entry.mention && "mention",
    entry.pending && "pending",
    entry.failed && "failed",
    entry.self && "self",
    entry.redactedBy && "redacted",
    entry.replyTo && "answer",
  ];
  return {
    class: ["row", more, ...flags].filter(Boolean).join(" "),
    role: "article",
    tabIndex: -1,
    "data-entry": entry.id,
  };
}

/**
 * @param {Entry} entry
 * @param {boolean} first
 * @param {RowContext} context
 */
function spoken(entry, first, context) {
  const colour = nickClass(entry.nick);
  const notice = entry.kind === "notice";
  return h(
    "div",
    attributes(entry, `message ${first ? "first" : ""} ${notice ? "notice" : ""}`),
    entry.replyTo ? h(ReplyTo, { msgid: entry.replyTo, context }) : null,
    first
      ? h(Avatar, { nick: plainName(entry.nick) || "*", colour })
      : h(Time, { time: entry.time, clock: context.clock, class: "gutter" }),
    first
      ? h(
          "div",
          { class: "head" },
          h(Nick, { nick: entry.nick, colour }),
          entry.bot ? h("span", { class: "chip" }, _("bot")) : null,
          notice ? h("span", { class: "chip" }, _("notice")) : null,
          entry.target
            ? h("span", { class: "chip" }, _("only to {prefix}", { prefix: entry.target }))
            : null,
          h(Time, { time: entry.time, clock: context.clock }),
        )
      : null,
    body(entry, context),
    foot(entry, context),
  );
}

/**
 * @param {Entry} entry
 * @param {RowContext} context
 */
function acted(entry, context) {
  return h(
    "div",
    attributes(entry, "message first action"),
    entry.replyTo ? h(ReplyTo, { msgid: entry.replyTo, context }) : null,
    h(Time, { time: entry.time, clock: context.clock, class: "gutter shown" }),
    h(
      "div",
      { class: "text" },
      h(Nick, { nick: entry.nick, colour: nickClass(entry.nick) }),
      " ",
      entry.redactedBy ? deletedText(entry) : textNodes(entry.text, context.text),
    ),
    foot(entry, context),
  );
}

/**
 * @param {Entry} entry
 * @param {RowContext} context
 */
function happened(entry, context) {
  return h(
    "div",
    attributes(entry, `event ${entry.kind}`),
    h(Time, { time: entry.time, clock: context.clock, class: "gutter shown" }),
    h("div", { class: "text", dir: "auto" }, eventText(entry, context.text)),
  );
}

/** @param {{nick: string, colour: string}} props */
function Nick({ nick, colour }) {
  const name = plainName(nick);
  if (!name) return h("span", { class: "nick" }, _("Server"));
  return h(
    "button",
    { type: "button", class: `nick ${colour}`, "data-nick": nick, tabIndex: -1 },
    h("bdi", null, name),
  );
}

/**
 * @param {Entry} entry
 * @param {RowContext} context
 */
function body(entry, context) {
  if (entry.redactedBy) return h("div", { class: "text" }, deletedText(entry));
  if (mayBePoll(entry)) return h(MaybePoll, { entry, revision: entry.revision, context });
  const files = filesOf(entry.text, context.text.origin);
  const call = context.call ? roomIn(context.call, entry.text) : "";
  const text = files.length ? withoutFiles(entry.text, context.text.origin) : entry.text;
  return [
    text
      ? h(
          "div",
          { class: isJumbo(text) ? "text jumbo" : "text", dir: "auto" },
          textNodes(text, context.text),
        )
      : null,
    files.length ? h(Files, { files }) : null,
    call ? h(JoinCall, { url: call }) : null,
  ];
}

/** @param {{url: string}} props */
function JoinCall({ url }) {
  return h(
    "a",
    { class: "join-call", href: url, target: "_blank", rel: "noopener noreferrer" },
    h(Icon, { name: "call" }),
    _("Join the call"),
  );
}

/** @param {Entry} entry */
function deletedText(entry) {
  return h(
    "span",
    { class: "deleted" },
    entry.redactedBy === entry.nick || !entry.redactedBy
      ? _("Message deleted")
      : _("Message deleted by {nick}", { nick: plainName(entry.redactedBy) }),
  );
}

/**
 * @param {Entry} entry
 * @param {RowContext} context
 */
function foot(entry, context) {
  return [
    beneath.get(entry)?.(),
    entry.reactions?.size && !mayBePoll(entry) ? h(Reactions, { entry, context }) : null,
    entry.failed
      ? h(
          "div",
          { class: "failure" },
          h("span", { role: "alert" }, entry.failed),
          h("button", { type: "button", class: "link", "data-do": "resend" }, _("Send again")),
          h("button", { type: "button", class: "link", "data-do": "discard" }, _("Discard")),
        )
      : null,
  ];
}

/** @param {Entry} entry */
function mayBePoll({ kind, text }) {
  return text.startsWith("📊") && kind !== "action";
}

/** The module of polls; few conversations have any. @type {typeof import("./poll.js")|null} */
let polls = null;

/** @param {{entry: Entry, revision: number, context: RowContext}} props */
function MaybePoll({ entry, context }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!polls)
      import("./poll.js").then(
        (found) => {
          polls = found;
          redraw(1);
        },
        () => undefined, // the text is readable
      );
  }, []);
  const plainBody = h("div", { class: "text", dir: "auto" }, textNodes(entry.text, context.text));
  if (polls) return h(polls.PollBody, { entry, context, plainBody, Reactions });
  return [plainBody, entry.reactions?.size ? h(Reactions, { entry, context }) : null];
}

/** @param {{entry: Entry, context: RowContext}} props */
function Reactions({ entry, context }) {
  return h(
    "div",
    { class: "reactions" },
    [...(entry.reactions ?? [])].map(([reaction, nicks]) => {
      const own = nicks.has(context.nick);
      const reacted = [...nicks].map(plainName).join(", ");
      const name = plain(reaction);
      const count = numberText(nicks.size);
      return h(
        "button",
        {
          key: reaction,
          type: "button",
          class: "reaction",
          "aria-pressed": own,
          "aria-label": _("{reaction} {count}, by {names}", {
            reaction: name,
            count,
            names: reacted,
          }),
          title: reacted,
          disabled: !context.canReact,
          "data-reaction": reaction,
        },
        h("span", { class: "sign" }, name),
        h("span", { class: "count" }, count),
      );
    }),
  );
}

/** @param {{msgid: string, context: RowContext}} props */
function ReplyTo({ msgid, context }) {
  const entry = context.buffer.timeline.find(msgid);
  return h(
    "button",
    { type: "button", class: "reply-to", "data-jump": msgid, tabIndex: -1 },
    h(Icon, { name: "reply" }),
    entry ? h("bdi", { class: nickClass(entry.nick) }, plainName(entry.nick)) : null,
    h("span", { class: "excerpt" }, entry ? excerpt(entry) : _("an earlier message")),
  );
}

/**
 * Return the beginning of a message on one line, or a later part.
 * @param {Entry} entry
 * @param {number} [from]
 */
export function excerpt(entry, from = 0) {
  if (entry.redactedBy) return _("Message deleted");
  const part = entry.text.slice(from, from + 300);
  return plain(withFileNames(part, location.origin).replaceAll("\n", " "));
}

/**
 * Return a text of one line with formatting, for views outside of the timeline.
 * @param {string} text
 * @param {TextOptions} options
 * @returns {ComponentChildren}
 */
export function oneLine(text, options) {
  return lineNodes(text, options);
}
