/** The state of what is loaded, in words: loading, failed with a button that tries again, or there. */

import { h } from "../../../vendor/preact.js";
import { _ } from "../../platform/i18n.js";

/** @typedef {import("../../../vendor/signals.js").ReadonlySignal<string>} Text */

/**
 * @param {{of: {state: Text, problem: Text, load: () => Promise<void>}, text?: string}} props
 *   `text`: what is said when it is there.
 */
export function State({ of, text = "" }) {
  const state = of.state.value;
  if (state === "failed")
    return h(
      "p",
      { class: "problem admin-state", role: "alert" },
      of.problem.value,
      " ",
      h("button", { type: "button", class: "link", onClick: () => void of.load() }, _("Try again")),
    );
  return h(
    "p",
    { class: "quiet admin-state", role: "status" },
    state === "loading" ? _("Loading…") : text,
  );
}
