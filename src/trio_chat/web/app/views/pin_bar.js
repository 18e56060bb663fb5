/** The bar of pinned messages below the head of a channel: the newest pin, and the way to all. */

import { h } from "../../vendor/preact.js";
import { _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { nickClass } from "../text/nick_colour.js";
import { useWorkspace } from "./context.js";
import { Icon } from "./icon.js";
import { excerpt } from "./row.js";
import { jumpTo } from "./timeline_input.js";
import { openDialog } from "./ui.js";

/** @import { Buffer, Entry } from "../model/types.js" */

/**
 * Return the pinned messages that can be shown, the newest pin first.
 * @param {Buffer} buffer
 * @returns {Entry[]}
 */
export function pinnedEntries(buffer) {
  return buffer.pins.value.flatMap(({ entry }) => (entry && !entry.redactedBy ? [entry] : []));
}

/** @param {{buffer: Buffer}} props */
export function PinBar({ buffer }) {
  const workspace = useWorkspace();
  const pinned = pinnedEntries(buffer);
  const [newest] = pinned;
  if (!newest || !buffer.joined.value) return null;
  return h(
    "section",
    { class: "pin-bar", "aria-label": _("Pinned messages") },
    h(
      "button",
      {
        type: "button",
        class: "pin-newest",
        title: _("Show this message"),
        onClick: () => void jumpTo({ workspace, buffer }, newest.msgid),
      },
      h(Icon, { name: "pin" }),
      h("bdi", { class: nickClass(newest.nick) }, plainName(newest.nick)),
      h("span", { class: "excerpt", dir: "auto" }, excerpt(newest)),
    ),
    h(
      "button",
      {
        type: "button",
        class: "link pin-all",
        onClick: () => openDialog("pins", { buffer }),
      },
      plural("{count} pinned", "{count} pinned", pinned.length),
    ),
  );
}
