/** Passing notes to the user: errors and confirmations, with a button that removes them. */

import { h } from "../../vendor/preact.js";
import { useEffect } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { useWorkspace } from "./context.js";
import { CLOSE, DrawingButton } from "./drawing.js";

/** @import { Notice } from "../model/types.js" */

const SHOWN = 6000;
const MOST = 4;

export function Notices() {
  const workspace = useWorkspace();
  return h(
    "div",
    { class: "notices", role: "status", "aria-live": "polite" },
    workspace.notices.value.slice(-MOST).map((notice) => h(Note, { key: notice.id, notice })),
  );
}

/** @param {{notice: Notice}} props */
function Note({ notice }) {
  const { actions } = useWorkspace();
  useEffect(() => {
    if (notice.error) return undefined;
    const timer = setTimeout(() => actions.dismiss(notice.id), SHOWN);
    return () => clearTimeout(timer);
  }, [notice.id]);
  return h(
    "div",
    { class: notice.error ? "note error" : "note" },
    h("span", { dir: "auto" }, notice.text),
    h(DrawingButton, {
      path: CLOSE,
      label: _("Close"),
      onClick: () => actions.dismiss(notice.id),
    }),
  );
}
