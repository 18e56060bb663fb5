/** The emoji picker: by name, or from groups; the ones used last come first. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { emojiGroups, searchEmoji } from "../../text/emoji.js";
import { setViewSettings, useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { closeDialog } from "../ui.js";

/** @import { EmojiGroup, EmojiRow } from "../../text/emoji.js" */
/** @import { Workspace } from "../../model/types.js" */

const FAVOURITES = "👍 ❤️ 😂 🎉 😮 😢 🙏 🔥";
const MOST_FOUND = 120;
const MOST_RECENT = 16;

/** @param {{onPick: (emoji: string) => void}} props */
export function EmojiPicker({ onPick }) {
  const workspace = useWorkspace();
  const [groups, setGroups] = useState(/** @type {EmojiGroup[]|null} */ (null));
  const [text, setText] = useState("");
  useEffect(() => void emojiGroups().then(setGroups), []);
  const pick = (/** @type {string} */ emoji) => {
    remember(workspace, emoji);
    closeDialog();
    onPick(emoji);
  };
  const found = text.trim() && groups ? searchEmoji(groups, text, MOST_FOUND) : null;
  return h(
    Dialog,
    { title: _("Emoji"), class: "emoji-dialog" },
    h("input", {
      type: "search",
      "data-autofocus": "",
      "aria-label": _("Name of an emoji"),
      placeholder: _("Name of an emoji"),
      autocomplete: "off",
      onInput: (/** @type {InputEvent} */ event) =>
        setText(/** @type {HTMLInputElement} */ (event.currentTarget).value),
      onKeyDown: (/** @type {KeyboardEvent} */ event) => {
        const first = found?.[0];
        if (event.key !== "Enter" || !first) return;
        event.preventDefault();
        pick(first[0]);
      },
    }),
    h(
      "div",
      { class: "emoji-groups", onKeyDown: moveFocus },
      found
        ? grid(_("Found"), found, pick)
        : [
            grid(_("Used last"), recent(workspace), pick),
            ...(groups ?? []).map(({ group, rows }) => grid(group, rows, pick)),
          ],
      found && !found.length ? h("p", { class: "quiet" }, _("No emoji has this name.")) : null,
      groups?.length === 0 ? h("p", { class: "quiet" }, _("The emoji could not be loaded.")) : null,
    ),
  );
}

/**
 * @param {string} title
 * @param {EmojiRow[]} rows
 * @param {(emoji: string) => void} pick
 */
function grid(title, rows, pick) {
  return h(
    "section",
    { key: title, "aria-label": title },
    h("h3", null, title),
    h(
      "div",
      { class: "emoji-grid" },
      rows.map(([emoji, name]) =>
        h(
          "button",
          {
            key: emoji,
            type: "button",
            class: "emoji",
            "aria-label": name || emoji,
            title: name,
            onClick: () => pick(emoji),
          },
          emoji,
        ),
      ),
    ),
  );
}

/**
 * @param {Workspace} workspace
 * @returns {EmojiRow[]}
 */
function recent(workspace) {
  const kept = String(workspace.settings.value.more["emoji"] ?? "");
  const signs = new Set(`${kept} ${FAVOURITES}`.split(" ").filter(Boolean));
  return [...signs].slice(0, MOST_RECENT).map((emoji) => [emoji, "", ""]);
}

/**
 * @param {Workspace} workspace
 * @param {string} emoji
 */
function remember(workspace, emoji) {
  const kept = String(workspace.settings.value.more["emoji"] ?? "").split(" ");
  const all = [emoji, ...kept.filter((each) => each && each !== emoji)].slice(0, MOST_RECENT);
  setViewSettings(workspace, /** @type {any} */ ({ emoji: all.join(" ") }));
}

/** @param {KeyboardEvent} event */
function moveFocus(event) {
  const groups = /** @type {HTMLElement} */ (event.currentTarget);
  const buttons = /** @type {HTMLElement[]} */ ([...groups.querySelectorAll(".emoji")]);
  const index = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const focused = buttons[index];
  if (!focused) return;
  const columns = Math.max(
    1,
    buttons.findIndex((button) => button.offsetTop > (buttons[0]?.offsetTop ?? 0)),
  );
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  const step = steps[/** @type {keyof typeof steps} */ (event.key)];
  if (!step) return;
  event.preventDefault();
  buttons[index + step]?.focus();
}
