/** The state of the connection where there is none, and the button that connects at once. */

import { h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { _, plural } from "../platform/i18n.js";

/** @import { Workspace } from "../model/types.js" */

/** @param {{workspace: Workspace}} props */
export function ConnectionState({ workspace }) {
  const { phase, retryAt, reason } = workspace.connection.value;
  const seconds = useSecondsUntil(phase === "waiting" ? retryAt : 0);
  if (phase === "ready") return h("div", { class: "connection", role: "status" });
  /** @type {Record<string, string>} */
  const texts = {
    idle: _("Connecting…"),
    connecting: _("Connecting…"),
    registering: _("Joining…"),
    waiting:
      seconds > 0
        ? plural(
            "No connection. Next attempt in {count} second",
            "No connection. Next attempt in {count} seconds",
            seconds,
          )
        : _("Connecting…"),
    closed: reason || _("Not connected"),
  };
  const canRetry = phase === "waiting" || phase === "closed";
  return h(
    "div",
    { class: `connection shown ${phase}` },
    // The seconds would be read out one by one.
    h(
      "span",
      { role: "status", title: reason },
      h("span", { "aria-hidden": phase === "waiting" }, texts[phase]),
      phase === "waiting" ? h("span", { class: "sr-only" }, _("No connection")) : null,
    ),
    canRetry
      ? h(
          "button",
          { type: "button", class: "link", onClick: workspace.actions.retry },
          _("Connect now"),
        )
      : null,
  );
}

/** @param {number} time */
function useSecondsUntil(time) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!time) return undefined;
    const count = () => setSeconds(Math.max(0, Math.ceil((time - Date.now()) / 1000)));
    count();
    const timer = setInterval(count, 1000);
    return () => clearInterval(timer);
  }, [time]);
  return seconds;
}
