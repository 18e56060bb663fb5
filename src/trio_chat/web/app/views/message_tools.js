/**
 * Tools of a message: one toolbar that follows the pointer from row to row, and the menu that a long
 * touch or the keyboard opens.
 */

import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { IconButton } from "./icon.js";
import { reply, toggleReaction } from "./timeline_input.js";
import { openDialog } from "./ui.js";

/** @import { Entry } from "../model/types.js" */
/** @import { Timeline } from "./timeline.js" */

const LONG_TOUCH = 450;
const MOVED = 10;
/** Time that the pointer is over a row before it has the toolbar. */
const LINGER = 50;

/**
 * Open the menu of a message.
 * @param {Timeline} timeline
 * @param {Entry} entry
 */
export function openMessageMenu(timeline, entry) {
  openDialog("message", { timeline, entry });
}

/** @param {{timeline: Timeline}} props */
export function MessageTools({ timeline }) {
  const [hovered, setHovered] = useState(/** @type {{entry: Entry, top: number}|null} */ (null));
  const tools = useRef(/** @type {HTMLDivElement|null} */ (null));
  const shown = useRef(0);
  const hide = () => {
    shown.current = 0;
    setHovered(null);
  };
  useEffect(() => follow(timeline, shown, setHovered), [timeline]);
  useEffect(() => {
    tools.current?.style.setProperty("top", `${hovered?.top ?? 0}px`);
  }, [hovered]);
  if (!hovered) return null;
  const { entry } = hovered;
  const { workspace, buffer } = timeline;
  const act = (/** @type {() => void} */ action) => () => {
    hide();
    action();
  };
  const canReact = workspace.features.value.reactions && !!entry.msgid && !entry.redactedBy;
  const pick = (/** @type {string} */ emoji) => toggleReaction(timeline, entry, emoji);
  return h(
    "div",
    { ref: tools, class: "message-tools", onPointerLeave: hide },
    canReact &&
      h(IconButton, {
        icon: "react",
        label: _("React"),
        onClick: act(() => openDialog("emoji", { onPick: pick })),
      }),
    canReact &&
      h(IconButton, {
        icon: "reply",
        label: _("Reply"),
        onClick: act(() => reply(timeline, entry)),
      }),
    workspace.actions.mayRedact(buffer, entry) &&
      h(IconButton, {
        icon: "trash",
        label: _("Delete"),
        onClick: act(() => openDialog("delete", { buffer, entry })),
      }),
    h(IconButton, {
      icon: "more",
      label: _("More"),
      onClick: act(() => openMessageMenu(timeline, entry)),
    }),
  );
}

/**
 * Follow the pointer over the rows, and open the menu on a long touch.
 * @param {Timeline} timeline
 * @param {{current: number}} shown Id of the entry that has the toolbar; 0 for none.
 * @param {(hovered: {entry: Entry, top: number}|null) => void} setHovered
 */
function follow(timeline, shown, setHovered) {
  const scroller = timeline.scroller.current;
  if (!scroller) return undefined;
  let timer = 0;
  const hide = () => {
    clearTimeout(timer);
    if (shown.current) setHovered(null);
    shown.current = 0;
  };
  const show = (/** @type {Element} */ row, /** @type {Entry} */ entry) => {
    if (!row.isConnected) return;
    shown.current = entry.id;
    const top = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    setHovered({ entry, top: Math.max(4, top - 18) });
  };
  const over = (/** @type {PointerEvent} */ event) => {
    if (event.pointerType !== "mouse") return;
    const row = /** @type {Element} */ (event.target).closest(".message");
    const entry = row && timeline.entryOf(row);
    if (!row || !entry || !entry.msgid || entry.redactedBy) return hide();
    clearTimeout(timer);
    // Not while rows pass below the pointer: each would have the toolbar for a frame.
    if (entry.id !== shown.current) timer = window.setTimeout(() => show(row, entry), LINGER);
    return undefined;
  };
  const leave = (/** @type {PointerEvent} */ event) => {
    const to = /** @type {Element|null} */ (event.relatedTarget);
    if (!to?.closest?.(".message-tools")) hide();
  };
  const controller = new AbortController();
  const { signal } = controller;
  scroller.addEventListener("pointerover", over, { signal });
  scroller.addEventListener("pointerleave", leave, { signal });
  scroller.addEventListener("scroll", hide, { signal, passive: true });
  longTouch(timeline, scroller, signal);
  return () => {
    clearTimeout(timer);
    controller.abort();
  };
}

/**
 * @param {Timeline} timeline
 * @param {HTMLElement} scroller
 * @param {AbortSignal} signal
 */
function longTouch(timeline, scroller, signal) {
  let timer = 0;
  let [x, y] = [0, 0];
  let opened = false;
  const stop = () => clearTimeout(timer);
  scroller.addEventListener(
    "pointerdown",
    (event) => {
      stop();
      opened = false;
      if (event.pointerType === "mouse") return;
      [x, y] = [event.clientX, event.clientY];
      const row = /** @type {Element} */ (event.target).closest("[data-entry]");
      const entry = row && timeline.entryOf(row);
      if (!entry) return;
      const open = () => {
        opened = true;
        openMessageMenu(timeline, entry);
      };
      timer = window.setTimeout(open, LONG_TOUCH);
    },
    { signal },
  );
  scroller.addEventListener(
    "pointermove",
    (event) => {
      if (Math.hypot(event.clientX - x, event.clientY - y) > MOVED) stop();
    },
    { signal },
  );
  for (const name of ["pointerup", "pointercancel", "scroll"])
    scroller.addEventListener(name, stop, { signal });
  // The finger that is lifted must not press what the menu has under it.
  scroller.addEventListener(
    "touchend",
    (event) => {
      if (opened && event.cancelable) event.preventDefault();
      opened = false;
    },
    { signal, passive: false },
  );
  scroller.addEventListener(
    "contextmenu",
    (event) => {
      const pointer = /** @type {PointerEvent} */ (event).pointerType;
      if (pointer && pointer !== "mouse") event.preventDefault();
    },
    { signal },
  );
}
