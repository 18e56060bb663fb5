/**
 * The timeline of a buffer: a sliding window of rows in a scrolled element.
 *
 * The browser's scroll anchoring is off, because not all browsers have it and it does not know which
 * rows are about to be cut. Before each change, the first visible rows are noted with their
 * positions; afterwards the element is scrolled by as much as they have moved. "At the bottom" is
 * judged against the height that was drawn, not against messages that have come since.
 */

import { Component, createRef, h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { WorkspaceContext, viewSettings } from "./context.js";
import { MessageTools } from "./message_tools.js";
import { rowNode } from "./row.js";
import { beginOfFold, rowsOf } from "./rows.js";
import { handleClick, handleKey } from "./timeline_input.js";
import { bottomWanted, jump, toNewest } from "./ui.js";
import { around, following, newer, newest, older } from "./window.js";

/** @import { Buffer, Entry, Workspace } from "../model/types.js" */
/** @import { RowContext } from "./row.js" */
/** @import { Range } from "./window.js" */

/**
 * A visible row with the position of its lower edge: the upper one moves when the row is the first
 * of the window no longer, and loses the name and the day above its text.
 * @typedef {{element: Element, bottom: number}} Anchor
 */

const AT_BOTTOM = 12;
const ANCHORS = 4;
/** Heights of the page by which the drawn rows exceed the visible ones on each side. */
const MARGIN = 1.5;

/** @typedef {{buffer: Buffer}} TimelineProps */

export class Timeline extends Component {
  /** @override */
  static contextType = WorkspaceContext;

  scroller = /** @type {{current: HTMLDivElement|null}} */ (createRef());
  content = /** @type {{current: HTMLDivElement|null}} */ (createRef());
  /** @type {Range|null} */
  range = null;
  /** @type {Entry|undefined} The entry with which the window begins. */
  startEntry = undefined;
  /** @type {Entry|undefined} The newest entry when the timeline was last drawn. */
  lastEntry = undefined;
  stuck = true;
  drawnHeight = 0;
  drawnTop = 0;
  /** Height of the visible part when `drawnTop` was noted. */
  drawnView = 0;
  /** @type {Anchor[]} */
  anchors = [];
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
    this.observer = new ResizeObserver(() => this.keepPosition());
    this.observer.observe(scroller);
    this.observer.observe(content);
    const { signal } = this.controller;
    scroller.addEventListener("wheel", this.onWheel, { passive: true, signal });
    const noteAttention = () => this.noteAttention();
    for (const name of ["focus", "blur"]) addEventListener(name, noteAttention, { signal });
    document.addEventListener("visibilitychange", noteAttention, { signal });
    this.showFirst();
  }

  /** @override */
  componentWillUnmount() {
    this.observer?.disconnect();
    this.controller.abort();
  }

  /** @override */
  getSnapshotBeforeUpdate() {
    this.noteAnchors();
    return null;
  }

  /** @override */
  componentDidUpdate() {
    this.keepPosition();
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
    if (last !== this.lastEntry && last?.self && last.pending) this.stuck = true;
    this.lastEntry = last;
    let range = this.moved(this.range, count);
    if (this.stuck && timeline.live.value) range = following(range, count);
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

  // Position

  /** Note the first visible rows and their positions. */
  noteAnchors() {
    const [scroller, content] = [this.scroller.current, this.content.current];
    if (!scroller || !content) return;
    const top = scroller.getBoundingClientRect().top;
    const rows = content.children;
    let [low, high] = [1, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > top) high = middle;
      else low = middle + 1;
    }
    this.anchors = Array.from(rows)
      .slice(low, low + ANCHORS)
      .map((element) => ({ element, bottom: element.getBoundingClientRect().bottom - top }));
  }

  /** Scroll so that the visible rows stay where they were, or to the bottom. */
  keepPosition() {
    const scroller = this.scroller.current;
    if (!scroller) return;
    if (this.stuck && !this.hasScrolledUp(scroller)) {
      scroller.scrollTop = scroller.scrollHeight;
    } else if (!this.stuck) {
      const anchor = this.anchors.find(({ element }) => element.isConnected);
      if (anchor) {
        const bottom =
          anchor.element.getBoundingClientRect().bottom - scroller.getBoundingClientRect().top;
        if (bottom !== anchor.bottom) scroller.scrollTop += bottom - anchor.bottom;
      }
    }
    this.drawnHeight = scroller.scrollHeight;
    if (!this.hasScrolledUp(scroller)) this.noteTop(scroller);
    this.noteAttention();
  }

  /** @param {HTMLElement} scroller */
  noteTop({ scrollTop, clientHeight }) {
    this.drawnTop = scrollTop;
    this.drawnView = clientHeight;
  }

  /**
   * Return whether the user has scrolled up and the event is still to come. Where the content has
   * become shorter, or the visible part taller as with each message of several lines that leaves the
   * prompt, the browser scrolls to the new bottom itself.
   * @param {HTMLElement} scroller
   */
  hasScrolledUp({ scrollTop, scrollHeight, clientHeight }) {
    const isAtBottom = scrollHeight - scrollTop - clientHeight <= AT_BOTTOM;
    const taller = Math.max(0, clientHeight - this.drawnView);
    return scrollTop < this.drawnTop - taller - AT_BOTTOM && !isAtBottom;
  }

  /** Scroll to the line of unread messages at the first sight of a buffer. */
  showFirst() {
    const [scroller, content] = [this.scroller.current, this.content.current];
    if (!scroller || !content) return;
    const line = content.querySelector(".unread-line");
    this.drawnHeight = scroller.scrollHeight;
    const above = line
      ? line.getBoundingClientRect().top - scroller.getBoundingClientRect().top
      : 0;
    this.stuck = !line || this.drawnHeight - above < scroller.clientHeight;
    if (this.stuck) scroller.scrollTop = this.drawnHeight;
    else scroller.scrollTop += above - scroller.clientHeight / 4;
    this.noteTop(scroller);
    this.noteAnchors();
    this.noteAttention();
    this.maybeFill();
  }

  /** @param {Entry} entry */
  prepareJump(entry) {
    const { entries } = this.buffer.timeline;
    const index = this.buffer.timeline.indexOf(entry);
    if (index < 0) return;
    this.stuck = false;
    this.range = around(index, entries.length);
    this.startEntry = entries[this.range.start];
    this.target = entry.id;
  }

  prepareBottom() {
    this.seenBottomWanted = bottomWanted.value;
    this.stuck = true;
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
    this.noteAnchors();
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
      this.stuck &&
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
    const scroller = this.scroller.current;
    if (!scroller) return;
    const below = this.drawnHeight - scroller.scrollTop - scroller.clientHeight;
    const stuck = below <= AT_BOTTOM && (this.stuck || this.isAtNewest());
    if (stuck !== this.stuck) {
      this.stuck = stuck;
      this.forceUpdate();
    }
    this.noteTop(scroller);
    this.noteAnchors();
    this.noteAttention();
    this.maybeFill();
  };

  onWheel = (/** @type {WheelEvent} */ event) => {
    // A redraw between the wheel and the scroll event would scroll back to the bottom.
    if (event.deltaY < 0 && (this.scroller.current?.scrollTop ?? 0) > 0) this.stuck = false;
  };

  /** Draw or fetch more where the drawn rows end soon. */
  maybeFill() {
    const [scroller, range] = [this.scroller.current, this.range];
    if (!scroller || !range) return;
    const margin = scroller.clientHeight * MARGIN;
    if (scroller.scrollTop < margin) this.extendOlder();
    else if (this.drawnHeight - scroller.scrollTop - scroller.clientHeight < margin && !this.stuck)
      this.extendNewer();
  }

  extendOlder() {
    const { workspace, buffer, range } = this;
    const { timeline } = buffer;
    if (!range) return;
    if (range.start > 0) {
      const steady = viewSettings(workspace.settings.peek()).steady;
      const moved = older(range);
      const end = steady || this.stuck ? range.end : moved.end;
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
  if (timeline.stuck && live) return null;
  const unread = timeline.buffer.unread.value;
  return h(
    "button",
    { type: "button", class: "below-button", onClick: timeline.toBottom },
    unread ? _("New messages below") : _("To the newest message"),
    h("span", { "aria-hidden": "true" }, " ↓"),
  );
}
