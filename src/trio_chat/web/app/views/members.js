/** The members of a channel, by rank and name. */

import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/hooks.js";
import { _, language, numberText, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { nickClass } from "../text/nick_colour.js";
import { useWorkspace } from "./context.js";
import { Avatar, IconButton } from "./icon.js";
import { byRank } from "./member_order.js";
import { drawer, openDialog } from "./ui.js";

/** @import { Buffer, Member } from "../model/types.js" */

/** Members that are drawn at once; more on request. */
const MOST = 200;

/** @param {{buffer: Buffer}} props */
export function Members({ buffer }) {
  const workspace = useWorkspace();
  const [shown, setShown] = useState(MOST);
  void buffer.membersVersion.value;
  const { prefixes } = workspace.features.value;
  const groups = byRank([...buffer.members.values()], prefixes, language.value);
  let rest = shown;
  return h(
    "aside",
    { class: "members", "aria-label": _("Members"), onKeyDown: moveFocus },
    h(
      "div",
      { class: "members-head" },
      h("h2", null, plural("{count} member", "{count} members", buffer.members.size)),
      h(IconButton, {
        icon: "close",
        label: _("Close"),
        class: "drawer-close",
        onClick: () => (drawer.value = ""),
      }),
    ),
    h(
      "div",
      { class: "members-list" },
      groups.map(({ prefix, members }) => {
        const part = members.slice(0, Math.max(0, rest));
        rest -= part.length;
        return part.length
          ? h(
              "section",
              { key: prefix, "aria-label": rankName(prefix) },
              // The head of the list says as much of members without ranks.
              prefix || groups.length > 1
                ? h("h3", null, `${rankName(prefix)} · ${numberText(members.length)}`)
                : null,
              h(
                "ul",
                null,
                part.map((member) => h(Row, { key: member.nick, member, buffer })),
              ),
            )
          : null;
      }),
      buffer.members.size > shown
        ? h(
            "button",
            { type: "button", class: "more-members", onClick: () => setShown(shown + MOST * 5) },
            _("Show more"),
          )
        : null,
    ),
  );
}

/** @param {{member: Member, buffer: Buffer}} props */
function Row({ member, buffer }) {
  const { nick, away, bot, realname } = member;
  const { profiles } = useWorkspace();
  void profiles.version.value;
  const profile = profiles.get(nick);
  const colour = nickClass(nick);
  return h(
    "li",
    null,
    h(
      "button",
      {
        type: "button",
        class: `member ${away ? "away" : ""}`,
        onClick: () => openDialog("user", { nick, buffer }),
        title: realname && realname !== nick ? plainName(realname) : undefined,
      },
      h(Avatar, {
        nick,
        colour,
        class: away ? "small is-away" : "small is-here",
        picture: profile?.avatar,
      }),
      h("bdi", { class: `name ${colour}` }, plainName(nick)),
      profile?.displayName ? h("bdi", { class: "display-name" }, profile.displayName) : null,
      bot ? h("span", { class: "chip" }, _("bot")) : null,
      away ? h("span", { class: "sr-only" }, _("away")) : null,
    ),
  );
}

/**
 * Return the name of the members with a prefix.
 * @param {string} prefix
 */
export function rankName(prefix) {
  /** @type {Record<string, string>} */
  const names = {
    "~": _("Founders"),
    "&": _("Protected operators"),
    "@": _("Operators"),
    "%": _("Half-operators"),
    "+": _("With voice"),
    "": _("Members"),
  };
  return names[prefix] ?? prefix;
}

/** @param {KeyboardEvent} event */
function moveFocus(event) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (event.key === "Escape") drawer.value = "";
  if (!step) return;
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".member")]);
  const index = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  items[index + step]?.focus();
  event.preventDefault();
}
