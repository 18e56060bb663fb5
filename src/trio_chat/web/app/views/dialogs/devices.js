/** The connections of the user's account on all devices. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { plain } from "../../text/formatting.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";

/** @import { SessionInfo } from "../../model/types.js" */

export function Devices() {
  const { actions } = useWorkspace();
  const [sessions, setSessions] = useState(/** @type {SessionInfo[]|null} */ (null));
  const [problem, setProblem] = useState("");
  const fail = (/** @type {Error} */ error) => setProblem(error.message);
  const load = () => void actions.sessions()?.then(setSessions, fail);
  useEffect(load, []);
  return h(
    Dialog,
    { title: _("Devices"), class: "devices-dialog" },
    h(
      "p",
      { class: "quiet", role: "status" },
      problem || (sessions ? _("Connections of your account.") : _("Loading…")),
    ),
    h(
      "ul",
      { class: "sessions" },
      sessions?.map((session) =>
        h(
          "li",
          { key: session.id },
          h("span", { dir: "auto" }, plain(session.text)),
          session.current
            ? h("span", { class: "chip" }, _("this page"))
            : h(
                "button",
                {
                  type: "button",
                  class: "link danger",
                  onClick: () => actions.endSession(session.id).then(load, fail),
                },
                _("End"),
              ),
        ),
      ),
    ),
  );
}
