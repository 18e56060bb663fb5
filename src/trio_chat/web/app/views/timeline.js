/** The timeline of a buffer: a sliding window of rows in a scrolled element. */

import { Component, Fragment, h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { isBase } from "../text/calls.js";
import { WorkspaceContext, viewSettings } from "./context.js";
import { MessageTools } from "./message_tools.js";
import { rowNode } from "./row.js";
import { rowsOf } from "./rows.js";
import { ScrollPosition } from "./scroll_position.js";
import { handleClick, handleKey } from "./timeline_input.js";
import { bottomWanted, jump, toNewest } from "./ui.js";
import { LEAST, TimelineWindow, around, newer, newest, older } from "./window.js";

/** @import { Buffer, Entry, Stalled, Workspace } from "../model/types.js" */
/** @import { RowContext } from "./row.js" */
/** @import { Range } from "./window.js" */

/** Heights of the page by which the drawn rows exceed the visible ones on each side. */
const MARGIN = 1.5;
/** Height of a row with one line of the smallest text. */
const LOWEST_ROW = 20;

/** @typedef {{buffer: Buffer}} TimelineProps */

export class Timeline extends Component {
  /** @override */
  static contextType = WorkspaceContext;

  position = new ScrollPosition();
  scroller = this.position.scroller;
  content = this.position.content;
  window = new TimelineWindow();
  /** @type {Entry|undefined} The newest entry when the timeline was last drawn. */
  lastEntry = undefined;
  /** @type {RowContext|null} */
  rowContext = null;
  /** @type {number} The id of an entry to scroll to after drawing. */
  target = 0;
  /** @type {number} The id of the row that the keyboard has selected. */
  selected = 0;
  controller = new AbortController();
  seenBottomWanted = bottomWanted.peek();
  /** @type {ResizeObserver|null} */
  observer = null;

  /** @returns {Workspace} */
  get workspace() {
    return this.context;
  }

  /** @returns {Buffer} */
  get buffer() {
    return /** @type {TimelineProps} */ (this.props).buffer;
  }

  /** The entries in the document. */
  get range() {
    return this.window.range;
  }

  /** @override */
  componentDidMount() {
    const [scroller, content] = [this.scroller.current, this.content.current];
    if (!scroller || !content) return;
    this.observer = new ResizeObserver(() => {
      this.position.resized();
      this.noteAttention();
    });
    this.observer.observe(scroller);
    this.observer.observe(content);
    const { signal } = this.controller;
    const onWheel = (/** @type {WheelEvent} */ event) => this.position.wheeled(event);
    scroller.addEventListener("wheel", onWheel, { passive: true, signal });
    const noteAttention = () => this.noteAttention();
    for (const name of ["focus", "blur"]) addEventListener(name, noteAttention, { signal });
    document.addEventListener("visibilitychange", noteAttention, { signal });
    this.position.showFirst();
    this.noteAttention();
    this.maybeFill();
  }

  /** @override */
  componentWillUnmount() {
    this.observer?.disconnect();
    this.controller.abort();
  }

  /** @override */
  getSnapshotBeforeUpdate() {
    this.position.note();
    return null;
  }

  /** @override */
  componentDidUpdate() {
    this.position.keep();
    this.noteAttention();
    if (this.target) this.showTarget();
    else if (jump.peek()?.buffer === this.buffer) jump.value = null; // not in the timeline
    this.maybeFill();
  }

  // What is drawn

  /**
   * Take the window for the entries as they are now.
   * @param {boolean} steady
   */
  updateWindow(steady) {
    const { timeline } = this.buffer;
    const last = timeline.entries.at(-1);
    if (last !== this.lastEntry && last?.self && last.pending) this.position.stuck.value = true;
    this.lastEntry = last;
    const follows = this.position.stuck.peek() && timeline.live.value;
    this.window.update(this.buffer, follows ? this.least() : 0, steady);
  }

  /** Return how many entries the window has at least: a page may be higher than usual. */
  least() {
    return Math.max(LEAST, Math.ceil((this.position.page * (1 + MARGIN)) / LOWEST_ROW));
  }

  /** @returns {RowContext} */
  currentContext() {
    const { workspace, buffer } = this;
    const { clock } = viewSettings(workspace.settings.value);
    const nick = workspace.me.nick.value;
    const { call: base, channelTypes, reactions } = workspace.features.value;
    const call = isBase(base) ? base : "";
    const canReact = reactions && buffer.kind !== "server";
    const old = this.rowContext;
    if (
      old &&
      old.clock === clock &&
      old.nick === nick &&
      old.canReact === canReact &&
      old.call === call &&
      old.text.channelTypes === channelTypes
    ) {
      return old;
    }
    const text = { nick, channelTypes, origin: location.origin };
    this.rowContext = { workspace, buffer, clock, nick, canReact, call, text };
    return this.rowContext;
  }

  /** @override */
  render() {
    const { workspace, buffer } = this;
    const { timeline } = buffer;
    this.position.look();
    void timeline.version.value;
    void workspace.connection.value; // pages are fetched when it is ready
    const { events, steady } = viewSettings(workspace.settings.value);
    const wanted = jump.value;
    if (wanted?.buffer === buffer && wanted.entry.id !== this.target)
      this.prepareJump(wanted.entry);
    if (bottomWanted.value !== this.seenBottomWanted) this.prepareBottom();
    this.updateWindow(steady);
    const { start, end } = this.range;
    const ignored = new Set(workspace.ignored.value.map((mask) => mask.toLowerCase()));
    const rows = rowsOf(timeline.entries, start, end, {
      events,
      unreadFrom: buffer.unreadFrom.value,
      hidden: ignored.size ? (entry) => ignored.has(entry.nick.toLowerCase()) : undefined,
    });
    const context = this.currentContext();
    const isBeginning = start === 0 && !timeline.hasOlder.value;
    return h(
      "div",
      { class: "timeline-box" },
      h(
        "div",
        {
          ref: this.scroller,
          class: "timeline",
          role: "log",
          "aria-live": "off",
          "aria-label": _("Messages"),
          tabIndex: 0,
          onScroll: this.onScroll,
          onKeyDown: (/** @type {KeyboardEvent} */ event) => handleKey(this, event),
          onClick: (/** @type {MouseEvent} */ event) => handleClick(this, event),
        },
        h(
          "div",
          { ref: this.content, class: "rows" },
          h(
            "div",
            { key: "top", class: "timeline-top" },
            this.top(isBeginning, timeline.loading.value, steady, timeline.stalled.value),
          ),
          rows.map((row) => rowNode(row, context)),
        ),
        this.bottom(timeline.stalled.value),
      ),
      h(MessageTools, { timeline: this }),
      h(BelowButton, { timeline: this, count: timeline.entries.length, live: timeline.live.value }),
    );
  }

  /** What stands where there are no earlier messages, or none before the page is connected. */
  beginning() {
    const isUnknown =
      this.workspace.connection.value.phase !== "ready" && !this.buffer.timeline.entries.length;
    return isUnknown
      ? _("Messages are shown when the page is connected.")
      : _("This is the beginning of the conversation.");
  }

  /**
   * @param {boolean} isBeginning
   * @param {string} loading
   * @param {boolean} steady
   * @param {Stalled|null} stalled
   */
  top(isBeginning, loading, steady, stalled) {
    if (isBeginning)
      return this.buffer.kind === "server"
        ? null
        : h("p", { class: "beginning" }, this.beginning());
    const failed = stalled?.side === "older";
    if (steady || failed)
      return h(
        Fragment,
        null,
        failed && h("p", null, stalled.reason),
        h(
          "button",
          { type: "button", onClick: () => this.extendOlder(0, true) },
          _("Load earlier messages"),
        ),
      );
    return h(
      "p",
      { class: "loading" },
      loading === "older" || loading === "around" ? _("Loading…") : "\u00a0",
    );
  }

  /**
   * What stands behind the last message when the next ones could not be fetched.
   * @param {Stalled|null} stalled
   */
  bottom(stalled) {
    return stalled?.side === "newer"
      ? h(
          "div",
          { class: "timeline-bottom" },
          h("p", null, stalled.reason),
          h(
            "button",
            { type: "button", onClick: () => this.extendNewer(0, true) },
            _("Load later messages"),
          ),
        )
      : null;
  }

  // Jumps

  /** @param {Entry} entry */
  prepareJump(entry) {
    const { entries } = this.buffer.timeline;
    const index = this.buffer.timeline.indexOf(entry);
    if (index < 0) return;
    this.position.stuck.value = false;
    this.window.take(this.buffer, around(index, entries.length));
    this.target = entry.id;
  }

  prepareBottom() {
    this.seenBottomWanted = bottomWanted.value;
    this.position.stuck.value = true;
    this.window.take(this.buffer, newest(this.buffer.timeline.entries.length));
  }

  showTarget() {
    const row = this.rowOf(this.target);
    jump.value = null;
    this.target = 0;
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    // A message near the end needs no scrolling: the newest one is in sight, too.
    this.position.scrolled(this.isAtNewest());
    row.classList.remove("found");
    void row.offsetWidth; // restarts the animation
    row.classList.add("found");
    this.select(row, false);
    this.position.note();
  }

  /**
   * Return the element of an entry.
   * @param {number} id
   * @returns {HTMLElement|null}
   */
  rowOf(id) {
    return this.content.current?.querySelector(`[data-entry="${id}"]`) ?? null;
  }

  /**
   * Return the entry of an element inside of its row.
   * @param {Element} element
   * @returns {Entry|undefined}
   */
  entryOf(element) {
    const id = Number(element.closest("[data-entry]")?.getAttribute("data-entry"));
    const { start, end } = this.range;
    return this.buffer.timeline.entries.slice(start, end).find((entry) => entry.id === id);
  }

  /**
   * Select a row for the keyboard.
   * @param {HTMLElement} row
   * @param {boolean} [focus]
   */
  select(row, focus = true) {
    const old = this.rowOf(this.selected);
    if (old) old.tabIndex = -1;
    row.tabIndex = 0;
    this.selected = Number(row.dataset["entry"]);
    if (focus) row.focus({ preventScroll: true });
    if (focus) row.scrollIntoView({ block: "nearest" });
  }

  noteAttention() {
    // At the bottom the user sees what has come since the last drawing, too: it is drawn soon.
    const attentive =
      this.position.stuck.peek() &&
      this.buffer.timeline.live.peek() &&
      document.visibilityState === "visible" &&
      document.hasFocus();
    if (this.workspace.attentive.peek() !== attentive) this.workspace.attentive.value = attentive;
  }

  isAtNewest() {
    const { timeline } = this.buffer;
    return timeline.live.peek() && this.range.end === timeline.entries.length;
  }

  // Scrolling

  onScroll = () => {
    this.position.scrolled(this.isAtNewest());
    this.noteAttention();
    this.maybeFill();
  };

  /** Draw or fetch more where the drawn rows end soon. */
  maybeFill() {
    const { beyond, stuck } = this.position;
    if (!beyond) return;
    const margin = beyond.page * MARGIN;
    if (beyond.above < margin && this.extendOlder(beyond.below - margin)) return;
    if (beyond.below < margin && !stuck.peek()) this.extendNewer(beyond.above - margin);
  }

  /** Whether a page may be fetched that the user has not asked for. */
  get mayFetch() {
    const { workspace, buffer } = this;
    const isReady = workspace.connection.peek().phase === "ready";
    return isReady && !buffer.timeline.stalled.peek();
  }

  /**
   * @param {number} spare Height that may be cut at the other end.
   * @param {boolean} [asked] Whether the user has asked for older messages.
   * @returns {boolean} Whether older rows are drawn or come.
   */
  extendOlder(spare, asked = false) {
    const { workspace, buffer, range, position } = this;
    const { timeline } = buffer;
    if (range.start > 0) {
      const steady = viewSettings(workspace.settings.peek()).steady;
      const moved = older(range);
      const cut = range.end - moved.end;
      const keeps = steady || position.stuck.peek() || position.lastHeight(cut) > spare;
      this.setRange(keeps ? { start: moved.start, end: range.end } : moved);
      return true;
    }
    if (timeline.hasOlder.peek() && !timeline.loading.peek() && (asked || this.mayFetch))
      workspace.actions.loadOlder(buffer)?.catch(() => undefined);
    return timeline.loading.peek() === "older";
  }

  /**
   * @param {number} spare Height that may be cut at the other end.
   * @param {boolean} [asked] Whether the user has asked for newer messages.
   */
  extendNewer(spare, asked = false) {
    const { workspace, buffer, range, position } = this;
    const { timeline } = buffer;
    if (range.end < timeline.entries.length) {
      const moved = newer(range, timeline.entries.length);
      const keeps = position.firstHeight(moved.start - range.start) > spare;
      this.setRange(keeps ? { start: range.start, end: moved.end } : moved);
    } else if (!timeline.live.peek() && !timeline.loading.peek() && (asked || this.mayFetch)) {
      workspace.actions.loadNewer(buffer)?.catch(() => undefined);
    }
  }

  /** @param {Range} range */
  setRange(range) {
    this.window.take(this.buffer, range);
    this.forceUpdate();
  }

  /** Go to the newest message. */
  toBottom = () => {
    toNewest(this.workspace, this.buffer);
  };
}

/**
 * The button that goes to the newest message.
 * @param {{timeline: Timeline, count: number, live: boolean}} props
 */
function BelowButton({ timeline, live }) {
  if (timeline.position.stuck.value && live) return null;
  const unread = timeline.buffer.unread.value;
  return h(
    "button",
    { type: "button", class: "below-button", onClick: timeline.toBottom },
    unread ? _("New messages below") : _("To the newest message"),
    h("span", { "aria-hidden": "true" }, " ↓"),
  );
}
