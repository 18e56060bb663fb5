/** Icons: paths of one stroke on a grid of 24, without a name for screen readers. */

import { h } from "../../vendor/preact.js";
import { CLOSE, Drawing, DrawingButton } from "./drawing.js";

/** @import { ButtonProps } from "./drawing.js" */

const PATHS = Object.freeze({
  menu: "M4 7h16M4 12h16M4 17h16",
  close: CLOSE,
  plus: "M12 5v14M5 12h14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  members:
    "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M16 3.5a4 4 0 0 1 0 7.5M18 15c2.5.6 4 2.500 4 6",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 4.500v5M8 14.500v5",
  at: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM16 8v5a3 3 0 0 0 5 2 9 9 0 1 0-4 5.500",
  reply: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6v1",
  react:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.500 14.500c1 1.500 2.200 2 3.500 2s2.500-.5 3.500-2M9 9.500h.01M15 9.500h.01",
  more: "M6 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM13 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM20 12a1 1 0 1 1-2 0 1 1 0 0 1 2 0z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  send: "M4 12L20 4l-5 16-4-6.500zM11 13.500L20 4",
  attach:
    "M20 11l-8.500 8.500a5 5 0 0 1-7-7L13 4a3.300 3.300 0 0 1 4.700 4.700L9.200 17.200a1.700 1.700 0 0 1-2.400-2.400L14.500 7",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z",
  call: "M3 7h12v10H3zM15 11l6-4v10l-6-4",
  down: "M12 5v14M6 13l6 6 6-6",
  chevron: "M9 6l6 6-6 6",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  pin: "M9 4h6l-1 6 4 4H6l4-4zM12 14v7",
  bell: "M6 10a6 6 0 1 1 12 0c0 5 2 6 2 6H4s2-1 2-6M10 20a2.200 2.200 0 0 0 4 0",
  mute: "M4 4l16 16M8 5a6 6 0 0 1 10 5c0 2 .3 3.400.8 4.500M16 16H4s2-1 2-6c0-.7.1-1.300.3-2M10 20a2.200 2.200 0 0 0 4 0",
  away: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.500 2",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  key: "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12.500L20 4M16 8l3 3",
  shield: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  check: "M5 13l4 4L19 7",
  chart: "M5 20v-8M12 20V4M19 20v-5",
  retry: "M20 5v5h-5M19.500 10A8 8 0 1 0 20 14",
  user: "M12 12a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM4 21c0-4.500 3.500-6.500 8-6.500s8 2 8 6.500",
  device: "M4 5h16v11H4zM9 20h6M12 16v4",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .8-1 1.700M12 16.500h.01",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c-5 6-5 12 0 18 5-6 5-12 0-18z",
  hash: "M10 4L8 20M16 4l-2 16M5 9h15M4 15h15",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
});

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{name: IconName}} props */
export function Icon({ name }) {
  return h(Drawing, { path: PATHS[name] });
}

/**
 * A button with an icon and a name for screen readers and the tooltip.
 * @param {ButtonProps & {icon: IconName}} props
 */
export function IconButton({ icon, ...props }) {
  return h(DrawingButton, { path: PATHS[icon], ...props });
}

/**
 * The signs of a user: the first letter of the nickname on its colour, or the user's picture.
 * @param {{nick: string, colour: string, class?: string, picture?: string}} props
 */
export function Avatar({ nick, colour, class: name = "", picture = "" }) {
  const [letter = "?"] = nick.replace(/^[^\p{L}\p{N}]+/u, "");
  return h(
    "span",
    { class: `avatar ${colour} ${name}`, "aria-hidden": "true" },
    letter.toUpperCase(),
    picture
      ? h("img", {
          key: picture,
          src: picture,
          alt: "",
          loading: "lazy",
          decoding: "async",
          onError: (/** @type {Event} */ event) => {
            /** @type {HTMLElement} */ (event.currentTarget).hidden = true;
          },
        })
      : null,
  );
}
