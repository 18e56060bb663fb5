/** The open dialogs. They are loaded after the chat, so that the page starts with less. */

import { h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { unloaded } from "../platform/parts.js";
import { useWorkspace } from "./context.js";
import { closeDialog, dialogs } from "./ui.js";

/** @import { OpenDialog } from "./ui.js" */
/** @typedef {import("../../vendor/preact.js").FunctionComponent<any>} View */

/** Time after which the dialogs are loaded though none was opened. */
const SOON = 1500;
/** @type {Record<string, View|undefined>} */
const loaded = {};

/** @param {string} name */
async function load(name) {
  const found =
    name === "invite"
      ? { invite: (await import("./dialogs/invite.js")).Invite }
      : name === "second-factor"
        ? { "second-factor": (await import("./dialogs/second_factor.js")).SecondFactor }
      : name === "poll"
        ? { poll: (await import("./dialogs/poll.js")).PollForm }
      : name === "later"
        ? { later: (await import("./dialogs/later.js")).Later }
      : name.startsWith("admin")
        ? await import("./admin/admin_page.js")
        : await import("./dialogs/all.js");
  Object.assign(loaded, found);
}

/**
 * Load the dialogs before one is opened: it opens at once then, also without a connection and after
 * an update of the server, which has the files of one version only.
 * @returns {() => void} Stops it.
 */
export function loadSoon() {
  // It is tried again, and reported, when one is opened.
  const timer = setTimeout(() => {
    void load("").catch(() => undefined);
    void import("./focus_keeper.js").then(({ keepFocus }) => keepFocus(), () => undefined);
  }, SOON);
  return () => clearTimeout(timer);
}

export function Dialogs() {
  return dialogs.value.map((dialog) => h(Loader, { key: dialog.name, dialog }));
}

/** @param {{dialog: OpenDialog}} props */
function Loader({ dialog }) {
  const { actions, connection } = useWorkspace();
  const [, redraw] = useState(0);
  useEffect(() => {
    if (loaded[dialog.name]) return;
    load(dialog.name).then(
      () => redraw(1),
      () => {
        closeDialog();
        actions.notify(unloaded(connection.peek().phase === "ready"), true);
      },
    );
  }, [dialog.name]);
  const View = loaded[dialog.name];
  return View ? h(View, dialog.props) : null;
}
