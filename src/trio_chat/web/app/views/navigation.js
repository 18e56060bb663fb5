/**
 * The address of the page, and the back button: the address names the current channel, so that it
 * can be copied and loaded again, and "back" closes a dialog or drawer instead of leaving the page.
 */

import { effect } from "../../vendor/signals.js";
import { fragmentOf, invitationOf } from "../platform/address.js";
import { adminAddress, adminSection, closeDialog, dialogs, drawer, openDialog } from "./ui.js";

/** @import { Workspace } from "../model/types.js" */

/**
 * Keep address and history of the page in step with what is shown.
 * @param {Workspace} workspace
 * @returns {() => void} Stops it.
 */
export function watchNavigation(workspace) {
  /** Whether the newest entry of the history stands for an open dialog or drawer. */
  let covered = false;
  let isLeavingCover = false;
  let fragment = location.hash;
  /** Section of the administrator's page that the address names; it opens when the user is here. */
  let wanted = adminSection(fragment);
  const follow = () => {
    const isOpen = dialogs.value.length > 0 || drawer.value !== "";
    const address = addressOf(workspace);
    if (isLeavingCover) return;
    if (isOpen) {
      const own = adminAddress();
      if (!covered) history.pushState({ covered: true }, "", own || undefined);
      else if (own) history.replaceState(history.state, "", own);
      covered = true;
    } else if (covered) {
      covered = false;
      isLeavingCover = true;
      history.back(); // the event comes later
    } else if (address) {
      history.replaceState(history.state, "", address);
      fragment = location.hash;
      openWanted();
    }
  };
  const openWanted = () => {
    const section = wanted;
    wanted = null;
    if (section !== null) queueMicrotask(() => openDialog("admin", { section }));
  };
  const onPopState = () => {
    if (isLeavingCover) {
      isLeavingCover = false;
    } else if (location.hash !== fragment) {
      const section = adminSection(location.hash);
      // The entry of a link to the administrator's page is the one that stands for it. Of one to
      // another channel, `hashchange` follows.
      covered = section !== null;
      if (section === null) fragment = location.hash;
      else openDialog("admin", { section });
      return;
    } else if (covered) {
      covered = false;
      if (dialogs.peek().length) closeDialog();
      else drawer.value = "";
    }
    follow();
  };
  addEventListener("popstate", onPopState);
  const stop = effect(follow);
  return () => {
    removeEventListener("popstate", onPopState);
    stop();
  };
}

/**
 * Return the address for what is shown; "" to leave the present one.
 * @param {Workspace} workspace
 */
function addressOf(workspace) {
  const buffer = workspace.current.value;
  const isReady = workspace.connection.value.phase === "ready";
  const isLoggedIn = workspace.me.account.value !== "";
  if (!buffer || !isReady || !buffer.joined.value) return "";
  // Until it is used, a reload needs the invitation to register an account.
  if (invitationOf(location.hash).account && !isLoggedIn) return "";
  const base = location.pathname + location.search;
  return buffer.kind === "channel" ? `${base}#${fragmentOf(buffer.name)}` : base;
}
