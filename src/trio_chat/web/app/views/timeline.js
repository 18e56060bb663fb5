/** The timeline of a buffer: a sliding window of rows in a scrolled element. */

import { Component, h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { WorkspaceContext, viewSettings } from "./context.js";
import { MessageTools } from "./message_tools.js";
import { rowNode } from "./row.js";
import { beginOfFold, rowsOf } from "./rows.js";
import { ScrollPosition } from "./scroll_position.js";
import { handleClick, handleKey } from "./timeline_input.js";
import { bottomWanted, jump, toNewest } from "./ui.js";
import { around, following, newer, newest, older } from "./window.js";

/** @import { Buffer, Entry, Workspace } from "../model/types.js" */
/** @import { RowContext } from "./row.js" */
/** @import { Range } from "./window.js" */

/** Heights of the page by which the drawn rows exceed the visible ones on each side. */
const MARGIN = 1.5;

/** @typedef {{buffer: Buffer}} TimelineProps */

export class Timeline extends Component {
  /** @override */
  static contextType = WorkspaceContext;

  position = new ScrollPosition();
  scroller = this.position.scroller;
  content = this.position.content;
  /** @type {Range|null} */
  range = null;
  /** @type {Entry|undefined} The entry with which the window begins. */
  startEntry = undefined;
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
   * Return the window for the entries as they are now.
   * @param {boolean} steady
   * @returns {Range}
   */
  currentRange(steady) {
    const { timeline } = this.buffer;
    const { entries } = timeline;
    const count = entries.length;
    const last = entries[count - 1];
    if (last !== this.lastEntry && last?.self && last.pending) this.position.stuck.value = true;
    this.lastEntry = last;
    let range = this.moved(this.range, count);
    if (this.position.stuck.peek() && timeline.live.value) range = following(range, count);
    if (steady)
      range = {
        start: Math.min(range.start, this.range ? range.start : Math.max(0, count - 500)),
        end: count,
      };
    const start = beginOfFold(entries, range.start);
    return { start, end: range.end };
  }

  /**
   * Return the window after older entries were put before it, or entries were removed.
   * @param {Range|null} range
   * @param {number} count
   * @returns {Range}
   */
  moved(range, count) {
    const { timeline, unreadFrom } = this.buffer;
    if (!range) {
      const unread = firstUnread(timeline.entries, unreadFrom.peek());
      return unread >= 0 && count - unread > 30 ? around(unread, count) : newest(count);
    }
    if (!this.startEntry) return newest(count);
    const index =
      timeline.entries[range.start] === this.startEntry
        ? range.start
        : timeline.indexOf(this.startEntry);
    if (index < 0) return newest(count);
    const shift = index - range.start;
    const end = Math.min(count, range.end + shift);
    // Older entries have come. Some are drawn at once: the row at the beginning of the window loses
    // the day and the name above it, and at the top nothing could be scrolled to make up for that.
    return { start: shift > 0 ? older({ start: index, end }).start : index, end };
  }

  /** @returns {RowContext} */
  currentContext() {
    const { workspace, buffer } = this;
    const { clock } = viewSettings(workspace.settings.value);
    const nick = workspace.me.nick.value;
    const { channelTypes, reactions } = workspace.features.value;
    const canReact = reactions && buffer.kind !== "server";
    const old = this.rowContext;
    if (
      old &&
      old.clock === clock &&
      old.nick === nick &&
      old.canReact === canReact &&
      old.text.channelTypes === channelTypes
    ) {
      return old;
    }
    const text = { nick, channelTypes, origin: location.origin };
    this.rowContext = { workspace, buffer, clock, nick, canReact, text };
    return this.rowContext;
  }

  /** @override */
  render() {
    const { workspace, buffer } = this;
    const { timeline } = buffer;
    this.position.look();
    void timeline.version.value;
    const { events, steady } = viewSettings(workspace.settings.value);
    const wanted = jump.value;
    if (wanted?.buffer === buffer && wanted.entry.id !== this.target)
      this.prepareJump(wanted.entry);
    if (bottomWanted.value !== this.seenBottomWanted) this.prepareBottom();
    this.range = this.currentRange(steady);
    this.startEntry = timeline.entries[this.range.start];
    const ignored = new Set(workspace.ignored.value.map((mask) => mask.toLowerCase()));
    const rows = rowsOf(timeline.entries, this.range.start, this.range.end, {
      events,
      unreadFrom: buffer.unreadFrom.value,
      hidden: ignored.size ? (entry) => ignored.has(entry.nick.toLowerCase()) : undefined,
    });
    const context = this.currentContext();
    const isBeginning = this.range.start === 0 && !timeline.hasOlder.value;
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
            this.top(isBeginning, timeline.loading.value, steady),
          ),
          rows.map((row) => rowNode(row, context)),
        ),
      ),
      h(MessageTools, { timeline: this }),
      h(BelowButton, { timeline: this, count: timeline.entries.length, live: timeline.live.value }),
    );
  }

  /**
   * @param {boolean} isBeginning
   * @param {string} loading
   * @param {boolean} steady
   */
  top(isBeginning, loading, steady) {
    if (isBeginning)
      return this.buffer.kind === "server"
        ? null
        : h("p", { class: "beginning" }, _("This is the beginning of the conversation."));
    if (steady)
      return h(
        "button",
        { type: "button", onClick: () => this.extendOlder() },
        _("Load earlier messages"),
      );
    return h(
      "p",
      { class: "loading" },
      loading === "older" || loading === "around" ? _("Loading…") : "\u00a0",
    );
  }

  // Jumps

  /** @param {Entry} entry */
  prepareJump(entry) {
    const { entries } = this.buffer.timeline;
    const index = this.buffer.timeline.indexOf(entry);
    if (index < 0) return;
    this.position.stuck.value = false;
    this.range = around(index, entries.length);
    this.startEntry = entries[this.range.start];
    this.target = entry.id;
  }

  prepareBottom() {
    this.seenBottomWanted = bottomWanted.value;
    this.position.stuck.value = true;
    this.range = newest(this.buffer.timeline.entries.length);
    this.startEntry = this.buffer.timeline.entries[this.range.start];
  }

  showTarget() {
    const row = this.rowOf(this.target);
    jump.value = null;
    this.target = 0;
    if (!row) return;
    row.scrollIntoView({ block: "center" });
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
    const { start, end } = this.range ?? { start: 0, end: 0 };
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
    const attentive =
      this.position.stuck.peek() &&
      this.isAtNewest() &&
      document.visibilityState === "visible" &&
      document.hasFocus();
    if (this.workspace.attentive.peek() !== attentive) this.workspace.attentive.value = attentive;
  }

  isAtNewest() {
    const { timeline } = this.buffer;
    return timeline.live.peek() && this.range?.end === timeline.entries.length;
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
    if (beyond.above < margin) this.extendOlder();
    else if (beyond.below < margin && !stuck.peek()) this.extendNewer();
  }

  extendOlder() {
    const { workspace, buffer, range } = this;
    const { timeline } = buffer;
    if (!range) return;
    if (range.start > 0) {
      const steady = viewSettings(workspace.settings.peek()).steady;
      const moved = older(range);
      const end = steady || this.position.stuck.peek() ? range.end : moved.end;
      this.setRange({ start: moved.start, end });
    } else if (timeline.hasOlder.peek() && !timeline.loading.peek()) {
      workspace.actions.loadOlder(buffer)?.catch(() => undefined);
    }
  }

  extendNewer() {
    const { workspace, buffer, range } = this;
    const { timeline } = buffer;
    if (!range) return;
    if (range.end < timeline.entries.length) {
      this.setRange(newer(range, timeline.entries.length));
    } else if (!timeline.live.peek() && !timeline.loading.peek()) {
      workspace.actions.loadNewer(buffer)?.catch(() => undefined);
    }
  }

  /** @param {Range} range */
  setRange(range) {
    this.range = range;
    this.startEntry = this.buffer.timeline.entries[range.start];
    this.forceUpdate();
  }

  /** Go to the newest message. */
  toBottom = () => {
    toNewest(this.workspace, this.buffer);
  };
}

/**
 * @param {readonly Entry[]} entries
 * @param {number} unreadFrom
 */
function firstUnread(entries, unreadFrom) {
  return unreadFrom ? entries.findIndex((entry) => entry.time > unreadFrom) : -1;
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
