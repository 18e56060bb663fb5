/** The sign of the project: a speech bubble with three dots, one for each part of its name. */

import { h } from "../../vendor/preact.js";

export function Logo() {
  return h(
    "svg",
    { class: "logo", viewBox: "0 0 64 64", "aria-hidden": "true", focusable: "false" },
    h("path", {
      class: "logo-bubble",
      d: "M16 6h32a14 14 0 0 1 14 14v16a14 14 0 0 1-14 14H34L16 62V50a14 14 0 0 1-14-14V20A14 14 0 0 1 16 6z",
    }),
    [18, 32, 46].map((x) => h("circle", { key: x, class: "logo-dot", cx: x, cy: 28, r: 4.5 })),
  );
}
