/**
 * Files of the page's own server: pictures small, with their size reserved before they are loaded;
 * other files as a card.
 */

import { Component, h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { Icon } from "./icon.js";
import { pictureBox } from "./picture_box.js";

/** @import { UploadedFile } from "../text/targets.js" */

/** @param {{files: UploadedFile[]}} props */
export function Files({ files }) {
  return h(
    "div",
    { class: "files" },
    files.map((file) =>
      file.certain ? shown(file) : h(PerhapsHere, { key: `perhaps ${file.href}`, file }),
    ),
  );
}

/** @param {UploadedFile} file */
function shown(file) {
  return file.image ? picture(file) : card(file);
}

const MOST_KNOWN = 500;
/** Whether the server has a file, by its address: what was asked already. @type {Map<string, boolean>} */
const known = new Map();

/**
 * Return whether the page's server has a file. OPTIONS tells it without an error (RFC 9110 §9.3.7).
 * @param {string} href
 */
async function isHere(href) {
  const response = await fetch(href, { method: "OPTIONS" }).catch(() => null);
  if (!response?.ok) return false;
  const found = /\bGET\b/u.test(response.headers.get("Allow") ?? "");
  for (const [first] of known) if (known.size >= MOST_KNOWN) known.delete(first);
  known.set(href, found);
  return found;
}

/**
 * A file whose link has another host than the page: of this server, which others reach by that
 * host, or of another one. It is shown, at the address that this page can reach, if it is here.
 */
class PerhapsHere extends Component {
  /** @override */
  componentDidMount() {
    const { href } = /** @type {{file: UploadedFile}} */ (this.props).file;
    if (!known.has(href)) void isHere(href).then((found) => found && this.setState({ found }));
  }

  /** @override */
  render() {
    const { file } = /** @type {{file: UploadedFile}} */ (this.props);
    return known.get(file.href) ? shown(file) : null;
  }
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
