/** Clicks and keys in a timeline. One handler serves all rows, so rows have none of their own. */

import { excerpt } from "./row.js";
import { openMessageMenu } from "./message_tools.js";
import { clockTime } from "../platform/dates.js";
import { _ } from "../platform/i18n.js";
import { unloaded } from "../platform/parts.js";
import { focusPrompt, jump, openDialog } from "./ui.js";

/** @import { Timeline } from "./timeline.js" */
/** @import { Entry } from "../model/types.js" */

/**
 * @param {Timeline} timeline
 * @param {MouseEvent} event
 */
export function handleClick(timeline, event) {
  const { workspace, buffer } = timeline;
  const element = /** @type {Element} */ (event.target);
  const target = /** @type {HTMLElement|null} */ (
    element.closest("[data-nick],[data-jump],[data-reaction],[data-vote],[data-do],[data-picture]")
  );
  if (!target) return;
  const { nick, jump: msgid, reaction, vote, do: action, picture } = target.dataset;
  const entry = timeline.entryOf(target);
  if (nick) openDialog("user", { nick, buffer });
  else if (msgid) jumpTo(timeline, msgid);
  else if (picture) openDialog("picture", { href: picture });
  else if (entry && reaction) toggleReaction(timeline, entry, reaction);
  else if (entry && vote) withPolls(timeline, (polls) => polls.vote(timeline, entry, Number(vote)));
  else if (entry && action === "close-poll")
    withPolls(timeline, (polls) => polls.closePoll(timeline, entry));
  else if (entry && action === "resend") workspace.actions.resend(entry);
  else if (entry && action === "discard") workspace.actions.discard(entry);
}

/**
 * @param {Timeline} timeline
 * @param {(polls: typeof import("./poll.js")) => void} act
 */
function withPolls({ workspace }, act) {
  const { actions, connection } = workspace;
  import("./poll.js").then(act, () =>
    actions.notify(unloaded(connection.peek().phase === "ready"), true),
  );
}

/**
 * Show a message of a buffer, wherever it is.
 * @param {Pick<Timeline, "workspace"|"buffer">} timeline
 * @param {string} msgid
 */
export async function jumpTo(timeline, msgid) {
  const { workspace, buffer } = timeline;
  const { notify, loadAround } = workspace.actions;
  try {
    const entry = buffer.timeline.find(msgid) ?? (await loadAround(buffer, msgid));
    if (entry) jump.value = { buffer, entry };
    else notify(_("This message is not in the history any longer."), true);
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error), true);
  }
}

/**
 * @param {Timeline} timeline
 * @param {Entry} entry
 * @param {string} reaction
 */
export function toggleReaction({ workspace, buffer }, entry, reaction) {
  const own = entry.reactions?.get(reaction)?.has(workspace.me.nick.value);
  if (own) workspace.actions.unreact(buffer, entry, reaction);
  else workspace.actions.react(buffer, entry, reaction);
}

/**
 * @param {Timeline} timeline
 * @param {KeyboardEvent} event
 */
export function handleKey(timeline, event) {
  const scroller = timeline.scroller.current;
  if (!scroller || event.ctrlKey || event.metaKey || event.altKey) return;
  const focused = /** @type {HTMLElement} */ (event.target);
  if (focused.closest("button,a,summary,pre") && event.key !== "Escape") return;
  const row = /** @type {HTMLElement|null} */ (focused.closest("[data-entry]"));
  // The letter of the key, whatever the alphabet of the keyboard.
  const key = event.code === "KeyR" || event.code === "KeyE" ? event.code : event.key;
  if (moves(timeline, row, key) || acts(timeline, row, key)) event.preventDefault();
}

/**
 * @param {Timeline} timeline
 * @param {HTMLElement|null} row
 * @param {string} key
 */
function moves(timeline, row, key) {
  switch (key) {
    case "ArrowUp":
      return selectNear(timeline, row, -1);
    case "ArrowDown":
      return selectNear(timeline, row, 1);
    case "End":
      timeline.toBottom();
      return true;
    case "Escape":
      timeline.toBottom();
      focusPrompt();
      return true;
    default:
      return false;
  }
}

/**
 * Select the row before or after another one; the last visible one when there is none.
 * @param {Timeline} timeline
 * @param {HTMLElement|null} row
 * @param {number} step
 */
export function selectNear(timeline, row, step) {
  const rows = /** @type {HTMLElement[]} */ ([
    ...(timeline.content.current?.querySelectorAll("[data-entry]") ?? []),
  ]);
  const bottom = timeline.scroller.current?.getBoundingClientRect().bottom ?? 0;
  const index = row
    ? rows.indexOf(row) + step
    : rows.findLastIndex((each) => each.getBoundingClientRect().top < bottom);
  const found = rows[index];
  if (!found) {
    if (row && step > 0) focusPrompt();
    return !!row;
  }
  const entry = timeline.entryOf(found);
  if (entry) found.setAttribute("aria-label", label(entry));
  timeline.select(found);
  return true;
}

/** @param {Entry} entry */
function label(entry) {
  return `${entry.nick}, ${clockTime(entry.time)}: ${excerpt(entry)}`;
}

/**
 * @param {Timeline} timeline
 * @param {HTMLElement|null} row
 * @param {string} key
 */
function acts(timeline, row, key) {
  const entry = row && timeline.entryOf(row);
  if (!row || !entry) return false;
  switch (key) {
    case "Enter":
    case "ContextMenu":
      openMessageMenu(timeline, entry);
      return true;
    case "KeyR":
      reply(timeline, entry);
      return true;
    case "KeyE":
      if (entry.msgid)
        openDialog("emoji", {
          onPick: (/** @type {string} */ emoji) => toggleReaction(timeline, entry, emoji),
        });
      return true;
    case "Delete":
      if (timeline.workspace.actions.mayRedact(timeline.buffer, entry))
        openDialog("delete", { buffer: timeline.buffer, entry });
      return true;
    default:
      return false;
  }
}

/**
 * Answer a message.
 * @param {Timeline} timeline
 * @param {Entry} entry
 */
export function reply({ buffer }, entry) {
  if (!entry.msgid) return;
  buffer.replyTo.value = entry;
  focusPrompt();
}
