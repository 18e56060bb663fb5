/** State of the page itself: which dialog and which drawer are open, and requests between views. */

import { signal } from "../../vendor/signals.js";

/** @import { Buffer, Entry, Workspace } from "../model/types.js" */

/**
 * @typedef {object} OpenDialog
 * @property {string} name
 * @property {Record<string, any>} props
 */

/** The open dialogs, the topmost last. */
export const dialogs = signal(/** @type {OpenDialog[]} */ ([]));

/** The drawer that is open on a narrow page. */
export const drawer = signal(/** @type {""|"buffers"|"members"} */ (""));

/** A message that the timeline is to show: `jumpTo` sets it. */
export const jump = signal(/** @type {{buffer: Buffer, entry: Entry}|null} */ (null));

/** Grows when the timeline is to go to the newest message. */
export const bottomWanted = signal(0);

/**
 * Show the newest message of a conversation.
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 */
export function toNewest({ actions }, buffer) {
  if (!buffer.timeline.live.peek()) actions.backToLive(buffer)?.catch(() => undefined);
  bottomWanted.value += 1;
}

/** The element of the prompt, to which the focus returns. */
export const prompt = { element: /** @type {HTMLTextAreaElement|null} */ (null) };

/**
 * Open a dialog.
 * @param {string} name
 * @param {Record<string, any>} [props]
 */
export function openDialog(name, props = {}) {
  drawer.value = "";
  dialogs.value = [...dialogs.value.filter((each) => each.name !== name), { name, props }];
}

/** Close the topmost dialog. */
export function closeDialog() {
  dialogs.value = dialogs.value.slice(0, -1);
}

/** Close all dialogs and drawers. */
export function closeAll() {
  dialogs.value = [];
  drawer.value = "";
}

/** Return the address of the administrator's page if it is open; otherwise "". */
export function adminAddress() {
  const open = dialogs.value.find(({ name }) => name === "admin");
  return open ? `#?admin=${open.props["section"]}` : "";
}

/**
 * Return the section of the administrator's page that a fragment names; null for none.
 * @param {string} hash
 */
export function adminSection(hash) {
  return new URLSearchParams(hash.split("?")[1] ?? "").get("admin");
}

/** Put the focus into the prompt; not on a touch screen, where the keyboard would appear. */
export function focusPrompt() {
  if (!matchMedia("(pointer: coarse)").matches) prompt.element?.focus({ preventScroll: true });
}
