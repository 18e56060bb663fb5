/** A picture in full size. */

import { h } from "../../../vendor/preact.js";
import { _ } from "../../platform/i18n.js";
import { plainName } from "../../text/formatting.js";
import { uploadedFile } from "../../text/targets.js";
import { Dialog } from "../dialog.js";

/** @param {{href: string}} props */
export function Picture({ href }) {
  const name = plainName(uploadedFile(href, location.origin)?.name ?? "");
  return h(
    Dialog,
    { title: name || _("Picture"), class: "picture-dialog" },
    h("img", { src: href, alt: name }),
    h(
      "p",
      null,
      h("a", { href, target: "_blank", rel: "noopener noreferrer" }, _("Open in a tab of its own")),
    ),
  );
}
