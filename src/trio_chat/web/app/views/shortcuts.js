/** Keys that work everywhere on the page, and the table of all keys that `?` shows. */

import { N_ } from "../platform/i18n.js";
import { drawer, dialogs, focusPrompt, openDialog, prompt } from "./ui.js";

/** @import { Buffer, Workspace } from "../model/types.js" */

/** The keys, with what they do, in groups. */
export const SHORTCUTS = Object.freeze([
  {
    title: N_("Everywhere"),
    keys: [
      ["?", N_("this list")],
      ["Ctrl+K", N_("go to a conversation by its name")],
      ["Alt+↑ Alt+↓", N_("previous and next conversation")],
      ["Alt+A", N_("next unread conversation, mentions first")],
      ["Ctrl+Shift+F", N_("search")],
      ["Ctrl+,", N_("settings")],
      ["Esc", N_("close; back to the newest message")],
    ],
  },
  {
    title: N_("Prompt"),
    keys: [
      ["Enter", N_("send")],
      ["Shift+Enter", N_("another line of the same message")],
      ["Tab", N_("complete a nickname, channel, command or emoji")],
      ["↑ ↓", N_("lines that you have sent")],
      ["Shift+↑", N_("select a message")],
      ["PgUp PgDn", N_("scroll")],
      ["Ctrl+B Ctrl+I Ctrl+E", N_("bold, italic, code")],
    ],
  },
  {
    title: N_("Selected message"),
    keys: [
      ["↑ ↓", N_("another message")],
      ["R", N_("reply")],
      ["E", N_("react")],
      ["Delete", N_("delete")],
      ["Enter", N_("all that can be done with it")],
      ["End", N_("to the newest message")],
    ],
  },
]);

/**
 * @param {Workspace} workspace
 * @param {KeyboardEvent} event
 */
export function handleShortcut(workspace, event) {
  if (event.isComposing || !workspace.current.peek()) return;
  const run = shortcut(workspace, event);
  if (!run) return;
  event.preventDefault();
  run();
}

/**
 * @param {Workspace} workspace
 * @param {KeyboardEvent} event
 * @returns {(() => void)|null}
 */
function shortcut(workspace, event) {
  const { key, altKey, shiftKey } = event;
  const control = event.ctrlKey || event.metaKey;
  // The letter of the key, whatever the alphabet of the keyboard.
  const letter = event.code.startsWith("Key")
    ? event.code.slice(3).toLowerCase()
    : key.toLowerCase();
  if (control && !altKey && !shiftKey && letter === "k") return () => openDialog("switcher");
  if (control && !altKey && shiftKey && letter === "f")
    return () => openDialog("search", { buffer: workspace.current.peek() });
  if (control && !altKey && key === ",") return () => openDialog("settings");
  if (control && key === "/") return () => openDialog("keys");
  if (dialogs.peek().length) return null;
  if (altKey && !control && key === "ArrowUp") return () => step(workspace, -1);
  if (altKey && !control && key === "ArrowDown") return () => step(workspace, 1);
  if (altKey && !control && letter === "a") return () => openUnread(workspace);
  if (key === "Escape" && drawer.peek()) return () => (drawer.value = "");
  if (control || altKey || isEditable(event.target)) return null;
  if (key === "?") return () => openDialog("keys");
  return typesAtPrompt(event);
}

/**
 * Let a letter that is typed outside of all fields go into the prompt.
 * @param {KeyboardEvent} event
 * @returns {null}
 */
function typesAtPrompt(event) {
  const element = /** @type {Element} */ (event.target);
  // Letters are commands in the timeline, and move within lists.
  if (
    event.key.length === 1 &&
    event.key !== " " &&
    (element === document.body || element.matches(".timeline"))
  )
    prompt.element?.focus();
  return null;
}

/** @param {EventTarget|null} target */
function isEditable(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName))
  );
}

/**
 * @param {Workspace} workspace
 * @param {number} by
 */
function step(workspace, by) {
  const buffers = workspace.buffers.peek();
  const current = workspace.current.peek();
  const index = current ? buffers.indexOf(current) : 0;
  const next = buffers[(index + by + buffers.length) % buffers.length];
  if (next) go(workspace, next);
}

/** @param {Workspace} workspace */
function openUnread(workspace) {
  const others = workspace.buffers.peek().filter((buffer) => buffer !== workspace.current.peek());
  const next =
    others.find((buffer) => buffer.mentions.peek()) ??
    others.find((buffer) => buffer.unread.peek());
  if (next) go(workspace, next);
}

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 */
function go(workspace, buffer) {
  workspace.actions.open(buffer);
  focusPrompt();
}
