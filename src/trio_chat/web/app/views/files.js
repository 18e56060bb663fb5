/**
 * Files of the page's own server: pictures small, with their size reserved before they are loaded;
 * other files as a card.
 */

import { h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { Icon } from "./icon.js";

/** @import { UploadedFile } from "../text/links.js" */

/** @param {{files: UploadedFile[]}} props */
export function Files({ files }) {
  return h(
    "div",
    { class: "files" },
    files.map((file) => (file.image ? picture(file) : file.certain ? card(file) : null)),
  );
}

/** @param {UploadedFile} file */
function picture(file) {
  const name = plainName(file.name);
  return h(
    "button",
    {
      key: file.href,
      type: "button",
      class: "picture",
      "data-picture": file.href,
      "aria-label": _("Open the picture {name}", { name }),
    },
    h("img", {
      src: file.href,
      alt: name,
      loading: "lazy",
      decoding: "async",
      onError: file.certain ? showBroken : hide,
    }),
  );
}

/** @param {Event} event */
function showBroken(event) {
  /** @type {HTMLElement} */ (event.currentTarget).closest(".picture")?.classList.add("broken");
}

/**
 * Hide a picture that this server does not have: its link stays.
 * @param {Event} event
 */
function hide(event) {
  const picture = /** @type {HTMLElement} */ (event.currentTarget).closest(".picture");
  picture?.setAttribute("hidden", "");
}

/** @param {UploadedFile} file */
function card(file) {
  const name = plainName(file.name);
  return h(
    "a",
    {
      key: file.href,
      class: "file-card",
      href: file.href,
      target: "_blank",
      rel: "noopener noreferrer",
    },
    h(Icon, { name: "file" }),
    h("bdi", null, name),
  );
}
