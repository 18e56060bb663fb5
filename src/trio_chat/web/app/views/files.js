/**
 * Files of the page's own server: pictures small, with their size reserved before they are loaded;
 * other files as a card.
 */

import { h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { Icon } from "./icon.js";
import { pictureBox } from "./picture_box.js";

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
  const { width, height } = pictureBox(file.href);
  return h(
    "button",
    {
      key: file.href,
      type: "button",
      class: "picture",
      style: { "--width": String(width), "--height": String(height) },
      "data-picture": file.href,
      "aria-label": _("Open the picture {name}", { name }),
    },
    h("img", {
      src: file.href,
      alt: name,
      loading: "lazy",
      decoding: "async",
      onError: showBroken,
    }),
  );
}

/**
 * Show the name of a picture that cannot be loaded, in the room that it has: another size would move
 * what the user reads.
 * @param {Event} event
 */
function showBroken(event) {
  /** @type {HTMLElement} */ (event.currentTarget).closest(".picture")?.classList.add("broken");
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
