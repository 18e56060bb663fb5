/** Drawings of one stroke, and buttons with one: all that the page needs before the chat is there. */

import { h } from "../../vendor/preact.js";

/** A cross. */
export const CLOSE = "M6 6l12 12M18 6L6 18";

/**
 * A path of one stroke on a grid of 24, without a name for screen readers.
 * @param {{path: string}} props
 */
export function Drawing({ path }) {
  return h(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    h("path", { d: path }),
  );
}

/**
 * What a button with a drawing has.
 * @typedef {object} ButtonProps
 * @property {string} label
 * @property {(event: MouseEvent) => void} [onClick]
 * @property {string} [class]
 * @property {boolean} [disabled]
 * @property {boolean} [pressed]
 * @property {boolean} [expanded]
 * @property {string} [keys]
 */

/**
 * A button with a drawing and a name for screen readers and the tooltip.
 * @param {ButtonProps & {path: string}} props
 */
export function DrawingButton({
  path,
  label,
  onClick,
  class: name = "",
  disabled,
  pressed,
  expanded,
  keys,
}) {
  return h(
    "button",
    {
      type: "button",
      class: `icon-button ${name}`,
      "aria-label": label,
      title: keys ? `${label} (${keys})` : label,
      onClick,
      disabled,
      "aria-pressed": pressed,
      "aria-expanded": expanded,
    },
    h(Drawing, { path }),
  );
}
