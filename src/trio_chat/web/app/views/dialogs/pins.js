/** The pinned messages of a channel; each leads to its place. */

import { h } from "../../../vendor/preact.js";
import { _ } from "../../platform/i18n.js";
import { shortTime } from "../../platform/dates.js";
import { plainName } from "../../text/formatting.js";
import { nickClass } from "../../text/nick_colour.js";
import { useWorkspace, viewSettings } from "../context.js";
import { Dialog } from "../dialog.js";
import { IconButton } from "../icon.js";
import { pinnedEntries } from "../pin_bar.js";
import { excerpt } from "../row.js";
import { jumpTo } from "../timeline_input.js";
import { closeAll } from "../ui.js";

/** @import { Buffer, Entry } from "../../model/types.js" */

/** @param {{buffer: Buffer}} props */
export function Pins({ buffer }) {
  const pinned = pinnedEntries(buffer);
  return h(
    Dialog,
    { title: _("Pinned messages"), class: "search-dialog" },
    pinned.length
      ? h(
          "ol",
          { class: "results" },
          pinned.map((entry) => h(Pinned, { key: entry.msgid, buffer, entry })),
        )
      : h("p", { class: "quiet" }, _("Nothing is pinned in this channel.")),
  );
}

/** @param {{buffer: Buffer, entry: Entry}} props */
function Pinned({ buffer, entry }) {
  const workspace = useWorkspace();
  const { actions } = workspace;
  const { clock } = viewSettings(workspace.settings.value);
  const show = () => {
    closeAll();
    void jumpTo({ workspace, buffer }, entry.msgid);
  };
  return h(
    "li",
    { class: "pinned" },
    h(
      "button",
      { type: "button", class: "result", onClick: show },
      h(
        "span",
        { class: "result-head" },
        h("bdi", { class: `nick ${nickClass(entry.nick)}` }, plainName(entry.nick)),
        h("time", { class: "quiet" }, shortTime(entry.time, clock)),
      ),
      h("span", { class: "result-text", dir: "auto" }, excerpt(entry)),
    ),
    actions.mayPin(buffer, entry)
      ? h(IconButton, {
          icon: "close",
          label: _("Unpin"),
          onClick: () => void actions.pin(buffer, entry.msgid, false),
        })
      : null,
  );
}
