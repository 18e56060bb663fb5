/** Swipes on a touch screen: from side to side, they open and close the drawers. */

import { drawer } from "./ui.js";

/** @import { Workspace } from "../model/types.js" */

const LEAST = 60;
const LONGEST = 500;

/**
 * Follow swipes over the chat.
 * @param {Workspace} workspace
 * @returns {() => void} Stops it.
 */
export function watchSwipes(workspace) {
  const controller = new AbortController();
  const options = { signal: controller.signal, passive: true };
  /** @type {{x: number, y: number, time: number}|null} */
  let start = null;
  document.addEventListener(
    "touchstart",
    (event) => {
      const [touch] = event.touches;
      const isOne = event.touches.length === 1 && touch && isFree(event.target);
      start = isOne ? { x: touch.clientX, y: touch.clientY, time: event.timeStamp } : null;
    },
    options,
  );
  document.addEventListener(
    "touchend",
    (event) => {
      const [touch] = event.changedTouches;
      if (!start || !touch || event.timeStamp - start.time > LONGEST) return;
      const [dx, dy] = [touch.clientX - start.x, touch.clientY - start.y];
      start = null;
      if (Math.abs(dx) < LEAST || Math.abs(dx) < 2 * Math.abs(dy)) return;
      swiped(workspace, dx > 0);
    },
    options,
  );
  return () => controller.abort();
}

/**
 * Return whether nothing else uses a swipe that begins here: a dialog, a text that is scrolled or
 * selected.
 * @param {EventTarget|null} target
 */
function isFree(target) {
  const element = /** @type {Element|null} */ (target);
  return (
    matchMedia("(max-width: 760px)").matches &&
    !!element?.closest(".chat") &&
    !element.closest("pre,textarea,input,video,audio") &&
    (getSelection()?.isCollapsed ?? true)
  );
}

/**
 * @param {Workspace} workspace
 * @param {boolean} isToRight
 */
function swiped(workspace, isToRight) {
  const hasMembers = workspace.current.peek()?.kind === "channel";
  if (drawer.peek()) {
    const closes = drawer.peek() === "buffers" ? !isToRight : isToRight;
    if (closes) drawer.value = "";
  } else if (isToRight) drawer.value = "buffers";
  else if (hasMembers) drawer.value = "members";
}
