/** The quick switcher: a conversation by some letters of its name, or a new one. */

import { h } from "../../../vendor/preact.js";
import { useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { plainName } from "../../text/formatting.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { matching } from "../matching.js";
import { closeAll } from "../ui.js";

/** @import { Buffer, Workspace } from "../../model/types.js" */

/** @typedef {{name: string, label: string, detail: string}} Choice */

const MOST = 10;

export function Switcher() {
  const workspace = useWorkspace();
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const choices = choicesFor(workspace, text.trim());
  const choose = (/** @type {Choice|undefined} */ choice) => {
    if (!choice) return;
    closeAll();
    workspace.actions.open(choice.name);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) setActive((active + step + choices.length) % Math.max(1, choices.length));
    else if (event.key === "Enter") choose(choices[active]);
    else return;
    event.preventDefault();
  };
  return h(
    Dialog,
    { title: _("Go to a conversation"), class: "switcher" },
    h("input", {
      type: "search",
      "data-autofocus": "",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": "choices",
      "aria-activedescendant": choices.length ? `choice-${active}` : undefined,
      "aria-label": _("Name of a channel or user"),
      placeholder: _("Name of a channel or user"),
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: false,
      value: text,
      onInput: (/** @type {InputEvent} */ event) => {
        setText(/** @type {HTMLInputElement} */ (event.currentTarget).value);
        setActive(0);
      },
      onKeyDown,
    }),
    h(
      "ul",
      { class: "choices", id: "choices", role: "listbox", "aria-label": _("Conversations") },
      choices.map((choice, index) =>
        h(
          "li",
          {
            key: choice.name + choice.detail,
            id: `choice-${index}`,
            role: "option",
            "aria-selected": index === active,
            onClick: () => choose(choice),
          },
          h("bdi", { class: "label" }, choice.label),
          h("span", { class: "detail" }, choice.detail),
        ),
      ),
    ),
  );
}

/**
 * @param {Workspace} workspace
 * @param {string} text
 * @returns {Choice[]}
 */
function choicesFor(workspace, text) {
  const current = workspace.current.value;
  const rank = (/** @type {Buffer} */ buffer) =>
    buffer.mentions.value ? 0 : buffer.unread.value ? 1 : buffer.kind === "server" ? 3 : 2;
  // Another conversation is wanted, and first of all one that waits.
  const buffers = workspace.buffers.value
    .filter((buffer) => text || buffer !== current)
    .sort((one, other) => rank(one) - rank(other));
  const known = buffers.map(({ name, kind, unread }) => ({
    name,
    label: plainName(name) || workspace.features.value.network,
    detail: unread.value
      ? _("unread")
      : kind === "channel"
        ? _("channel")
        : kind === "private"
          ? _("private")
          : _("server"),
  }));
  const names = new Set(known.map(({ name }) => name.toLowerCase()));
  const people = new Set(
    workspace.buffers.value.flatMap(({ members }) => [...members.values()].map(({ nick }) => nick)),
  );
  people.delete(workspace.me.nick.value);
  const others = [...people]
    .filter((nick) => !names.has(nick.toLowerCase()))
    .map((nick) => ({ name: nick, label: plainName(nick), detail: _("write to") }));
  const found = matching(text ? [...known, ...others] : known, text, ({ label }) => label).slice(
    0,
    MOST,
  );
  const exact = found.some(({ name }) => name.toLowerCase() === text.toLowerCase());
  if (text && !exact && !/[\s,]/u.test(text)) {
    const isChannel = workspace.features.value.channelTypes.includes(text[0] ?? "");
    found.push({
      name: text,
      label: text,
      detail: isChannel ? _("join this channel") : _("write to this user"),
    });
  }
  return found;
}
