/**
 * Arithmetic of the sliding window: which entries of a timeline are in the document.
 *
 * Positions are indices of the entries; a window keeps the entry it begins with when older ones are
 * put before it. It grows on the side to which the user scrolls, and is cut on the other one.
 */

/** Entries that a window has at first, and after it was cut. */
export const LEAST = 100;
/** Entries above which a window is cut. */
export const MOST = 240;
/** Entries that are added at once. */
export const STEP = 25;

/**
 * @typedef {object} Range
 * @property {number} start
 * @property {number} end
 */

/**
 * Return the window at the newest entries.
 * @param {number} count
 * @returns {Range}
 */
export function newest(count) {
  return { start: Math.max(0, count - LEAST), end: count };
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
 * Return a window moved towards older entries.
 * @param {Range} range
 * @returns {Range}
 */
export function older({ start, end }) {
  const moved = Math.max(0, start - STEP);
  return { start: moved, end: Math.min(end, moved + MOST) };
}

/**
 * Return a window moved towards newer entries.
 * @param {Range} range
 * @param {number} count
 * @returns {Range}
 */
export function newer({ start, end }, count) {
  const moved = Math.min(count, end + STEP);
  return { start: Math.max(start, moved - MOST), end: moved };
}

/**
 * Return the window that follows new entries at the bottom: it grows until it has too many, and is
 * then cut once, so that most redraws only append.
 * @param {Range} range
 * @param {number} count
 * @returns {Range}
 */
export function following({ start, end }, count) {
  if (end > count || count - start > MOST) return newest(count);
  return { start, end: count };
}
