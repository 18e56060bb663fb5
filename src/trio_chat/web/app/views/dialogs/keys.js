/** The list of keys. */

import { h } from "../../../vendor/preact.js";
import { _ } from "../../platform/i18n.js";
import { Dialog } from "../dialog.js";
import { SHORTCUTS } from "../shortcuts.js";

export function Keys() {
  return h(
    Dialog,
    { title: _("Keys"), class: "keys-dialog", scrolls: true },
    SHORTCUTS.map(({ title, keys }) =>
      h(
        "section",
        { key: title },
        h("h3", null, _(title)),
        h(
          "dl",
          { class: "keys" },
          keys.map(([key = "", text = ""]) =>
            h(
              "div",
              { key: text },
              h(
                "dt",
                null,
                key.split(" ").map((each) => h("kbd", { key: each }, each)),
              ),
              h("dd", null, _(text)),
            ),
          ),
        ),
      ),
    ),
  );
}
