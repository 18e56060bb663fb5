/**
 * Arithmetic of the sliding window: which entries of a timeline are in the document.
 *
 * Positions are indices of the entries; a window keeps the entry it begins with when older ones are
 * put before it. It grows on the side to which the user scrolls, and is cut on the other one.
 */

import { beginOfFold } from "./rows.js";

/** @import { Buffer, Entry } from "../model/types.js" */

/** Entries that a window has at first, and after it was cut. */
export const LEAST = 100;
/** Entries above which a window is cut. */
export const MOST = 240;
/** Entries that are added at once. */
export const STEP = 25;
/** Unread entries above which a window begins with them, and entries of a steady one at first. */
const MANY_UNREAD = 30;
const STEADY = 500;

/**
 * @typedef {object} Range
 * @property {number} start
 * @property {number} end
 */

/**
 * Return the window at the newest entries.
 * @param {number} count
 * @param {number} [least] How many entries it has.
 * @returns {Range}
 */
export function newest(count, least = LEAST) {
  return { start: Math.max(0, count - least), end: count };
}

/**
 * Return the window around an entry.
 * @param {number} index
 * @param {number} count
 * @returns {Range}
 */
export function around(index, count) {
  const start = Math.max(0, Math.min(index - LEAST / 2, count - LEAST));
  return { start, end: Math.min(count, start + LEAST) };
}

/**
 * Return a window moved towards older entries. One that has far too many loses them in steps.
 * @param {Range} range
 * @returns {Range}
 */
export function older({ start, end }) {
  const moved = Math.max(0, start - STEP);
  return { start: moved, end: Math.max(end - 2 * STEP, Math.min(end, moved + MOST)) };
}

/**
 * Return a window moved towards newer entries.
 * @param {Range} range
 * @param {number} count
 * @returns {Range}
 */
export function newer({ start, end }, count) {
  const moved = Math.min(count, end + STEP);
  return { start: Math.min(start + 2 * STEP, Math.max(start, moved - MOST)), end: moved };
}

/**
 * Return the window that follows new entries at the bottom: it grows until it has too many, and is
 * then cut once, so that most redraws only append.
 * @param {Range} range
 * @param {number} count
 * @param {number} [least] How many entries it has after a cut.
 * @returns {Range}
 */
export function following({ start, end }, count, least = LEAST) {
  if (end > count || count - start > least + MOST - LEAST) return newest(count, least);
  return { start, end: count };
}

/** The window of a timeline, which keeps the entry that it begins with. */
export class TimelineWindow {
  /** @type {Range} */
  range = { start: 0, end: 0 };
  /** @type {Entry|undefined} The entry with which it begins. */
  first = undefined;
  isNew = true;

  /**
   * Take the window for the entries as they are now.
   * @param {Buffer} buffer
   * @param {number} least How many entries it has if it follows the newest; 0 if it does not.
   * @param {boolean} steady Whether it keeps what it has had.
   */
  update(buffer, least, steady) {
    const { entries } = buffer.timeline;
    const count = entries.length;
    const moved = this.isNew ? first(buffer) : this.moved(buffer);
    let { start, end } = least ? following(moved, count, least) : moved;
    if (steady) {
      start = Math.min(start, this.isNew ? Math.max(0, count - STEADY) : moved.start);
      end = count;
    }
    this.take(buffer, { start: beginOfFold(entries, start), end });
  }

  /**
   * @param {Buffer} buffer
   * @param {Range} range
   */
  take({ timeline }, range) {
    this.range = range;
    this.first = timeline.entries[range.start];
    this.isNew = false;
  }

  /**
   * Return the window after older entries were put before it, or entries were removed.
   * @param {Buffer} buffer
   * @returns {Range}
   */
  moved({ timeline }) {
    const { entries } = timeline;
    const { range, first } = this;
    const count = entries.length;
    if (!first) return newest(count);
    const index = entries[range.start] === first ? range.start : timeline.indexOf(first);
    if (index < 0) return newest(count);
    const shift = index - range.start;
    const end = Math.min(count, range.end + shift);
    // Older entries have come. Some are drawn at once: the row at the beginning of the window loses
    // the day and the name above it, and at the top nothing could be scrolled to make up for that.
    return { start: shift > 0 ? Math.max(0, index - STEP) : index, end };
  }
}

/**
 * Return the window at the first sight of a buffer.
 * @param {Buffer} buffer
 * @returns {Range}
 */
function first({ timeline, unreadFrom }) {
  const { entries } = timeline;
  const since = unreadFrom.peek();
  const unread = since ? entries.findIndex((entry) => entry.time > since) : -1;
  const isFar = unread >= 0 && entries.length - unread > MANY_UNREAD;
  return isFar ? around(unread, entries.length) : newest(entries.length);
}
