/** A secret that the server has made: it is shown once, as nothing keeps it. */

import { h } from "../../../vendor/preact.js";
import { _ } from "../../platform/i18n.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { copy } from "../dialogs/message.js";
import { closeDialog } from "../ui.js";

/** @param {{title: string, secret: string}} props */
export function SecretDialog({ title, secret }) {
  const { actions } = useWorkspace();
  return h(
    Dialog,
    { title, class: "small-dialog" },
    h(
      "p",
      null,
      _("Copy it now: it is shown only this once, and the server keeps only a hash of it."),
    ),
    h(
      "div",
      { class: "copy-row" },
      h("input", {
        readOnly: true,
        value: secret,
        "aria-label": _("Secret"),
        onFocus: (/** @type {FocusEvent} */ event) =>
          /** @type {HTMLInputElement} */ (event.currentTarget).select(),
      }),
      h(
        "button",
        {
          type: "button",
          class: "primary",
          "data-autofocus": "",
          onClick: () => void copy(secret, actions.notify),
        },
        _("Copy"),
      ),
    ),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onClick: closeDialog }, _("I have copied it")),
    ),
  );
}
