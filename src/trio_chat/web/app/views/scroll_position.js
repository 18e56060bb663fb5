/**
 * The scroll position of a timeline: what the user looks at stays in its place while rows are put
 * above or below it, or the newest message stays at the bottom.
 *
 * The browser's scroll anchoring is off, because not all browsers have it and it does not know which
 * rows are about to be cut. Instead, the first visible rows are noted with their positions before
 * each change; afterwards the element is scrolled by as much as they have moved. "At the bottom" is
 * judged against the height that was drawn, not against messages that have come since.
 *
 * A scroll event comes with the next frame, and a change may be drawn before it. So each change
 * begins with a look at how far the element was scrolled meanwhile.
 */

import { createRef } from "../../vendor/preact.js";
import { signal } from "../../vendor/signals.js";

/**
 * A visible row with the position of its lower edge: the upper one moves when the row is the first
 * of the window no longer, and loses the name and the day above its text.
 * @typedef {{element: Element, bottom: number}} Anchor
 */

const AT_BOTTOM = 12;
const ANCHORS = 4;

export class ScrollPosition {
  scroller = /** @type {{current: HTMLDivElement|null}} */ (createRef());
  content = /** @type {{current: HTMLDivElement|null}} */ (createRef());
  /** Whether the newest message is to stay at the bottom. */
  stuck = signal(true);
  /** What the element was scrolled to, and how high its content was, when that was last noted. */
  top = 0;
  height = 0;
  /** Height of the visible part when something was last drawn. */
  page = 0;
  /** @type {Anchor[]} */
  anchors = [];

  /**
   * Return how far the element was scrolled since its position was noted. Where its content has
   * become shorter, the browser itself has scrolled to the new bottom; that does not count.
   */
  moved() {
    const scroller = this.scroller.current;
    return !scroller || distanceToBottom(scroller) <= AT_BOTTOM ? 0 : scroller.scrollTop - this.top;
  }

  /** Let go of the bottom if the user has scrolled up, though the event is still to come. */
  look() {
    if (this.stuck.peek() && this.moved() < -AT_BOTTOM) this.stuck.value = false;
  }

  /** Note the first visible rows, before something changes. */
  note() {
    const [scroller, content] = [this.scroller.current, this.content.current];
    if (!scroller || !content) return;
    this.look();
    const { top } = scroller.getBoundingClientRect();
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
    this.top = scroller.scrollTop;
  }

  /**
   * Scroll so that the noted rows are where they were, or to the bottom, after something has changed.
   * @param {number} [moved] How far the user has scrolled since they were noted.
   */
  keep(moved = 0) {
    const scroller = this.scroller.current;
    if (!scroller) return;
    const shift = this.stuck.peek() ? distanceToBottom(scroller) : this.shift(scroller) + moved;
    // Even the same position would end a smooth scrolling that has begun.
    if (shift) scroller.scrollTop += shift;
    this.height = scroller.scrollHeight;
    this.top = scroller.scrollTop;
    this.page = scroller.clientHeight;
  }

  /**
   * Return by how much the noted rows have moved.
   * @param {HTMLElement} scroller
   */
  shift(scroller) {
    const anchor = this.anchors.find(({ element }) => element.isConnected);
    if (!anchor) return 0;
    const { top } = scroller.getBoundingClientRect();
    return anchor.element.getBoundingClientRect().bottom - top - anchor.bottom;
  }

  /** Keep the position when the element or its content has another size for any other reason. */
  resized() {
    this.look();
    this.keep(this.moved());
    this.note();
  }

  /**
   * Take note of a scroll event.
   * @param {boolean} isNewest Whether the newest message is drawn.
   */
  scrolled(isNewest) {
    const scroller = this.scroller.current;
    if (!scroller) return;
    // More may have been drawn since, or less: then the browser has scrolled to the new bottom.
    const height = Math.min(this.height, scroller.scrollHeight);
    const isAtBottom = height - scroller.scrollTop - scroller.clientHeight <= AT_BOTTOM;
    this.stuck.value = isAtBottom && (this.stuck.peek() || isNewest);
    this.top = scroller.scrollTop;
    this.note();
  }

  /**
   * Let go of the bottom at once when the wheel turns up: a redraw between the wheel and the scroll
   * event would scroll back to the bottom. With a modifier key, the wheel zooms or scrolls sideways.
   * @param {WheelEvent} event
   */
  wheeled({ deltaY, ctrlKey, metaKey, shiftKey, altKey }) {
    if (deltaY >= 0 || ctrlKey || metaKey || shiftKey || altKey) return;
    if ((this.scroller.current?.scrollTop ?? 0) > 0) this.stuck.value = false;
  }

  /** Scroll to the line of unread messages at the first sight of a buffer, or to the bottom. */
  showFirst() {
    const [scroller, content] = [this.scroller.current, this.content.current];
    if (!scroller || !content) return;
    const line = content.querySelector(".unread-line");
    const above = line
      ? line.getBoundingClientRect().top - scroller.getBoundingClientRect().top
      : 0;
    this.height = scroller.scrollHeight;
    this.stuck.value = !line || this.height - above < scroller.clientHeight;
    if (this.stuck.peek()) scroller.scrollTop = this.height;
    else scroller.scrollTop += above - scroller.clientHeight / 4;
    this.top = scroller.scrollTop;
    this.note();
  }

  /**
   * Return the height of this many rows at the beginning.
   * @param {number} count
   */
  firstHeight(count) {
    const rows = this.rows();
    return count > 0 ? between(rows[0], rows[Math.min(count, rows.length) - 1]) : 0;
  }

  /**
   * Return the height of this many rows at the end.
   * @param {number} count
   */
  lastHeight(count) {
    const rows = this.rows();
    return count > 0 ? between(rows[Math.max(0, rows.length - count)], rows.at(-1)) : 0;
  }

  /** Return the rows, without what stands above them. */
  rows() {
    return Array.from(this.content.current?.children ?? []).slice(1);
  }

  /** Heights that were drawn above and below the visible part. */
  get beyond() {
    const scroller = this.scroller.current;
    if (!scroller) return null;
    const { scrollTop, clientHeight } = scroller;
    return { above: scrollTop, below: this.height - scrollTop - clientHeight, page: clientHeight };
  }
}

/** @param {HTMLElement} scroller */
function distanceToBottom({ scrollTop, scrollHeight, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight;
}

/**
 * @param {Element|undefined} first
 * @param {Element|undefined} last
 */
function between(first, last) {
  if (!first || !last) return 0;
  return last.getBoundingClientRect().bottom - first.getBoundingClientRect().top;
}
