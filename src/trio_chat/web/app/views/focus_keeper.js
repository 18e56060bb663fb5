/**
 * The focus of a user with a keyboard. A button that is gone after it was pressed, such as the one
 * that closes a poll or takes a reaction back, leaves the focus nowhere: it goes to the nearest thing
 * that is still there.
 */

import { focusPrompt } from "./ui.js";

const FOCUSABLE =
  "button:not(:disabled),a[href],input:not(:disabled),select,textarea,summary,[data-entry]," +
  '[tabindex]:not([tabindex="-1"])';
/** What the focus stays in, if there is something left; in other places the prompt has it. */
const PLACES = ".timeline,.members,.sidebar,.notices";

/** @typedef {{parent: Element, index: number}} Place */

let isStarted = false;

/** Keep the focus of this page from now on. */
export function keepFocus() {
  if (isStarted) return;
  isStarted = true;
  const capture = { capture: true };
  let isByKey = false;
  /** @type {Element|null} */
  let last = null;
  /** @type {Place[]} The elements around the last one, and where it was in each. */
  let path = [];
  const observer = new MutationObserver(() => {
    const active = document.activeElement;
    const isElsewhere = active && active !== document.body && active !== last;
    if (!last || isElsewhere || (last.isConnected && !last.matches(":disabled"))) return;
    forget();
    restore(path);
  });
  const forget = () => {
    observer.disconnect();
    last = null;
  };
  const note = () => {
    forget();
    const active = document.activeElement;
    // Fields stay, and nothing is to be done for each message while the user writes.
    if (!isByKey || !active || active.matches("body,textarea,input")) return;
    last = active;
    path = pathOf(active);
    const watched = { childList: true, subtree: true, attributeFilter: ["disabled"] };
    observer.observe(document.body, watched);
  };
  document.addEventListener("focusin", note);
  document.addEventListener("keydown", () => (isByKey = true), capture);
  // The pointer says itself where the user is.
  document.addEventListener("pointerdown", () => (isByKey = false), capture);
  document.addEventListener("pointerdown", forget, capture);
  note();
}

/**
 * @param {Element} element
 * @returns {Place[]}
 */
function pathOf(element) {
  /** @type {Place[]} */
  const path = [];
  const place = element.closest("dialog") ?? element.closest(PLACES);
  for (let child = element; place && child !== place; ) {
    const parent = child.parentElement;
    if (!parent) break;
    path.push({ parent, index: [...parent.children].indexOf(child) });
    child = parent;
  }
  return path;
}

/** @param {Place[]} path */
function restore(path) {
  for (const { parent, index } of path) {
    if (!parent.isConnected) continue;
    const found = parent.closest("[data-entry]") ?? near(parent, index);
    if (found instanceof HTMLElement) found.focus({ preventScroll: true });
    if (found && found === document.activeElement) return;
  }
  focusPrompt();
}

/**
 * Return what can have the focus at a place, after it, or else before it.
 * @param {Element} parent
 * @param {number} index
 */
function near(parent, index) {
  const children = [...parent.children];
  for (const child of [...children.slice(index), ...children.slice(0, index).reverse()]) {
    const found = child.matches(FOCUSABLE) ? child : child.querySelector(FOCUSABLE);
    if (found) return found;
  }
  return null;
}
