/** What follows the user and the state of the chat for the whole page, loaded with the chat. */

import { watchAlerts } from "../platform/notifications.js";
import { watchNavigation } from "./navigation.js";
import { watchTitle } from "./page_title.js";
import { handleShortcut } from "./shortcuts.js";
import { watchSwipes } from "./swipes.js";
import { closeAll } from "./ui.js";

/** @import { Workspace } from "../model/types.js" */

/**
 * Handle keys and links, and keep title, notifications and history of the browser up to date.
 * @param {Workspace} workspace
 * @returns {() => void} Stops it.
 */
export function watchChat(workspace) {
  const controller = new AbortController();
  const { signal } = controller;
  document.addEventListener("keydown", (event) => handleShortcut(workspace, event), { signal });
  document.addEventListener("click", (event) => followChannel(workspace, event), { signal });
  const stops = [
    () => controller.abort(),
    watchTitle(workspace),
    watchAlerts(workspace),
    watchNavigation(workspace),
    watchSwipes(workspace),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Open the channel that a text names, in a topic or message, instead of its address.
 * @param {Workspace} workspace
 * @param {MouseEvent} event
 */
function followChannel(workspace, event) {
  const link = /** @type {Element} */ (event.target).closest("[data-channel]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  closeAll();
  workspace.actions.open(link.getAttribute("data-channel") ?? "");
}
