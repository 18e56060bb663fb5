/** Joining with a program instead of the browser: few visitors unfold what is said about it. */

import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";

/** @type {typeof import("./packages.js").Packages|null} */
let Packages = null;

/** Join by other means: folded, and the list is requested when it is unfolded. */
export function Downloads() {
  const [state, setState] = useState("folded");
  const unfold = () => {
    setState("loading");
    import("./packages.js").then(
      (module) => {
        Packages = module.Packages;
        setState("loaded");
      },
      () => setState("failed"),
    );
  };
  return h(
    "details",
    {
      class: "downloads fine",
      onToggle: (/** @type {Event} */ event) => {
        if (/** @type {HTMLDetailsElement} */ (event.currentTarget).open) unfold();
        else setState("folded");
      },
    },
    h("summary", null, _("Join with a program instead of the browser")),
    state === "loading" ? h("p", { role: "status" }, _("Loading…")) : null,
    state === "loaded" && Packages ? h(Packages, null) : null,
    // The list of the server needs no script.
    state === "failed" ? h("p", null, allPackages()) : null,
  );
}

/** Return a link to all packages. */
export function allPackages() {
  return h("a", { href: "/download/" }, _("All packages, and other ways"));
}
