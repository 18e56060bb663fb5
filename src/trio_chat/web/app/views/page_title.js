/** Title and icon of the page, and the badge of the installed page: how much is unread. */

import { effect } from "../../vendor/signals.js";
import { numberText } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";

/** @import { Workspace } from "../model/types.js" */

/**
 * Keep title, icon and badge up to date.
 * @param {Workspace} workspace
 * @returns {() => void} Stops it.
 */
export function watchTitle(workspace) {
  return effect(() => {
    let [unread, mentions] = [0, 0];
    for (const buffer of workspace.buffers.value) {
      unread +=
        buffer.kind === "server" || buffer.notify.value === "none" ? 0 : buffer.unread.value;
      mentions += buffer.notify.value === "none" ? 0 : buffer.mentions.value;
    }
    const current = workspace.current.value;
    const name = plainName(current?.name ?? "");
    const network = workspace.features.value.network;
    const count = mentions ? `(${numberText(mentions)}) ` : unread ? "• " : "";
    document.title = count + [name, network].filter(Boolean).join(" – ");
    showIcon(mentions ? "mention" : unread ? "unread" : "");
    showBadge(mentions);
  });
}

let shown = "";

/** @param {""|"unread"|"mention"} state */
function showIcon(state) {
  if (state === shown) return;
  shown = state;
  const link = /** @type {HTMLLinkElement|null} */ (document.querySelector('link[rel="icon"]'));
  if (!link) return;
  link.dataset["plain"] ??= link.href;
  const plain = link.dataset["plain"] ?? "";
  link.href = state ? drawn(state) : plain;
}

/**
 * Draw the icon with a dot.
 * @param {"unread"|"mention"} state
 */
function drawn(state) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  if (!pen) return "";
  pen.fillStyle = "#4655c4";
  pen.beginPath();
  pen.roundRect(2, 6, 60, 44, 14);
  pen.fill();
  pen.beginPath();
  pen.moveTo(14, 44);
  pen.lineTo(14, 62);
  pen.lineTo(34, 48);
  pen.fill();
  pen.fillStyle = "#fff";
  for (const x of [18, 32, 46]) {
    pen.beginPath();
    pen.arc(x, 28, 4.5, 0, 7);
    pen.fill();
  }
  pen.fillStyle = state === "mention" ? "#e5484d" : "#f5a524";
  pen.beginPath();
  pen.arc(49, 15, 15, 0, 7);
  pen.fill();
  return canvas.toDataURL();
}

/** @param {number} mentions */
function showBadge(mentions) {
  if (!("setAppBadge" in navigator)) return;
  const done = mentions ? navigator.setAppBadge(mentions) : navigator.clearAppBadge();
  done.catch(() => undefined);
}
