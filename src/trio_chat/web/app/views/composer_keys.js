/** Keys of the prompt. */

import { sentLines } from "./composer.js";
import { closeAll, toNewest } from "./ui.js";

/** @import { Buffer, Workspace } from "../model/types.js" */
/** @import { CompletionState } from "./completion_list.js" */

/**
 * @typedef {object} PromptContext
 * @property {Workspace} workspace
 * @property {Buffer} buffer
 * @property {CompletionState} completion
 * @property {() => void} send
 */

/** Position in the recalled lines, counted from the newest; 0 for none. */
let recalled = 0;

/**
 * @param {KeyboardEvent} event
 * @param {PromptContext} context
 */
export function handlePromptKey(event, context) {
  // An input method composes a word: its keys are not for the page.
  if (event.isComposing || event.keyCode === 229) return;
  if (
    completionKey(event, context.completion) ||
    plainKey(event, context) ||
    formatKey(event, context.buffer)
  ) {
    event.preventDefault();
  }
}

/**
 * @param {KeyboardEvent} event
 * @param {CompletionState} completion
 */
function completionKey(event, completion) {
  if (!completion.items.length || event.ctrlKey || event.altKey || event.metaKey) return false;
  switch (event.key) {
    case "ArrowDown":
      completion.move(1);
      return true;
    case "ArrowUp":
      completion.move(-1);
      return true;
    case "Tab":
    case "Enter":
      if (event.shiftKey || (event.key === "Enter" && completion.isComplete)) return false;
      completion.accept();
      return true;
    case "Escape":
      completion.close();
      event.stopPropagation();
      return true;
    default:
      return false;
  }
}

/**
 * @param {KeyboardEvent} event
 * @param {PromptContext} context
 */
function plainKey(event, { workspace, buffer, completion, send }) {
  const field = /** @type {HTMLTextAreaElement} */ (event.currentTarget);
  const { key } = event;
  if (key === "Enter" && !event.shiftKey && !event.altKey) {
    recalled = 0;
    send();
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (key === "Tab" && !event.shiftKey) return completion.force();
  if (key === "ArrowUp" && !event.shiftKey) return isRecallable(field, buffer) && recall(buffer, 1);
  if (key === "ArrowDown" && !event.shiftKey) return recalled > 0 && recall(buffer, -1);
  if (key === "ArrowUp" || key === "PageUp" || key === "PageDown") return toTimeline(event);
  if (key === "Escape") return escape(workspace, buffer);
  recalled = 0;
  return false;
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {Buffer} buffer
 */
function isRecallable(field, buffer) {
  return (
    buffer.draft.value === "" ||
    (recalled > 0 && !field.value.slice(0, field.selectionStart).includes("\n"))
  );
}

/**
 * @param {Buffer} buffer
 * @param {number} step
 */
function recall(buffer, step) {
  const lines = sentLines.peek();
  recalled = Math.max(0, Math.min(lines.length, recalled + step));
  buffer.draft.value = recalled ? (lines.at(-recalled) ?? "") : "";
  return true;
}

/**
 * Let the timeline scroll or select a message.
 * @param {KeyboardEvent} event
 */
function toTimeline(event) {
  const scroller = /** @type {HTMLElement|null} */ (document.querySelector(".timeline"));
  if (!scroller) return false;
  if (event.key === "ArrowUp") {
    scroller.focus({ preventScroll: true });
    scroller.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp" }));
  } else {
    scroller.scrollBy({ top: scroller.clientHeight * (event.key === "PageUp" ? -0.85 : 0.85) });
  }
  return true;
}

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 */
function escape(workspace, buffer) {
  if (buffer.replyTo.value) buffer.replyTo.value = null;
  else {
    closeAll();
    toNewest(workspace, buffer);
  }
  return true;
}

/** @type {Record<string, string>} */
const MARKS = { b: "**", i: "*", e: "`" };

/**
 * Put marks for bold, italic or code around the selection.
 * @param {KeyboardEvent} event
 * @param {Buffer} buffer
 */
function formatKey(event, buffer) {
  const mark = MARKS[event.key.toLowerCase()];
  if (!mark || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return false;
  const field = /** @type {HTMLTextAreaElement} */ (event.currentTarget);
  const { selectionStart: start, selectionEnd: end, value } = field;
  buffer.draft.value =
    value.slice(0, start) + mark + value.slice(start, end) + mark + value.slice(end);
  field.value = buffer.draft.value;
  field.setSelectionRange(start + mark.length, end + mark.length);
  return true;
}
