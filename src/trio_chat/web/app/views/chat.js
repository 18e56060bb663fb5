/** The chat: the list of conversations, the current one, and its members. */

import { h } from "../../vendor/preact.js";
import { useEffect, useLayoutEffect, useRef } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { Announcer } from "./announcer.js";
import { Composer } from "./composer.js";
import { useWorkspace, viewSettings } from "./context.js";
import { loadSoon } from "./dialogs.js";
import { Header } from "./header.js";
import { Members } from "./members.js";
import { PinBar } from "./pin_bar.js";
import { Sidebar } from "./sidebar.js";
import { Timeline } from "./timeline.js";
import { drawer, focusPrompt, openDialog } from "./ui.js";

export { watchChat } from "./watch.js";

export function Chat() {
  const workspace = useWorkspace();
  const buffer = workspace.current.value;
  const open = drawer.value;
  const wantsMembers = viewSettings(workspace.settings.value).members && buffer?.kind === "channel";
  useEffect(loadSoon, []);
  useEffect(focusPrompt, [buffer]);
  const before = useRef(/** @type {Element|null} */ (null));
  // The browser takes the focus from what an open drawer covers with the next frame.
  useLayoutEffect(() => void (before.current = document.activeElement), [open]);
  useEffect(() => (open ? holdFocus(open, before.current) : undefined), [open]);
  return h(
    "div",
    { class: `chat ${open ? `drawer-${open}` : ""} ${wantsMembers ? "with-members" : ""}` },
    h(Sidebar, null),
    h(
      "main",
      { class: `conversation ${buffer?.kind ?? ""}`, inert: !!open && isNarrow() },
      h("div", null, h(Header, { buffer }), buffer ? h(PinBar, { buffer }) : null),
      buffer
        ? [h(Timeline, { key: buffer.id, buffer }), h(Composer, { key: `c${buffer.id}`, buffer })]
        : h(Empty, null),
    ),
    buffer?.kind === "channel" && (wantsMembers || open === "members")
      ? h(Members, { buffer })
      : null,
    open
      ? h("button", {
          type: "button",
          class: "scrim",
          "aria-label": _("Close"),
          onClick: () => (drawer.value = ""),
        })
      : null,
    h(Announcer, null),
  );
}

/** What stands in place of a conversation when none is open. */
function Empty() {
  return h(
    "div",
    { class: "empty" },
    h("p", null, _("You are in no conversation.")),
    h(
      "button",
      { type: "button", class: "primary", onClick: () => openDialog("channels") },
      _("Join a channel"),
    ),
  );
}

/**
 * Put the focus into a drawer, and give it back when the drawer is closed.
 * @param {"buffers"|"members"} name
 * @param {Element|null} before What had it.
 */
function holdFocus(name, before) {
  const drawn = document.querySelector(name === "members" ? ".members" : ".sidebar");
  /** @type {HTMLElement|null|undefined} */ (
    drawn?.querySelector(".sidebar-item[aria-current], .drawer-close, button")
  )?.focus({ preventScroll: true });
  return () => {
    const focused = document.activeElement;
    const isLost = !focused || focused.matches("body,.scrim") || drawn?.contains(focused);
    if (isLost && before instanceof HTMLElement) before.focus();
  };
}

/** Return whether drawers cover the conversation. */
function isNarrow() {
  return matchMedia("(max-width: 760px)").matches;
}
