/** The list of conversations, with what is unread, the state of the connection, and the user. */

import { h } from "../../vendor/preact.js";
import { fragmentOf } from "../platform/address.js";
import { _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { nickClass } from "../text/nick_colour.js";
import { ConnectionState } from "./connection_state.js";
import { useWorkspace } from "./context.js";
import { Avatar, Icon, IconButton } from "./icon.js";
import { closeAll, openDialog } from "./ui.js";

/** @import { Buffer, Workspace } from "../model/types.js" */

export function Sidebar() {
  const workspace = useWorkspace();
  const buffers = workspace.buffers.value;
  const channels = buffers.filter((buffer) => buffer.kind === "channel");
  const privates = buffers.filter((buffer) => buffer.kind === "private");
  const server = buffers.find((buffer) => buffer.kind === "server");
  const mentions = buffers.reduce((sum, buffer) => sum + buffer.mentions.value, 0);
  return h(
    "nav",
    { class: "sidebar", "aria-label": _("Conversations"), onKeyDown: moveFocus },
    h(
      "div",
      { class: "sidebar-head" },
      h(
        "button",
        {
          type: "button",
          class: "network",
          onClick: () => server && open(workspace, server),
          title: _("Messages of the server"),
        },
        workspace.features.value.network,
      ),
      h(IconButton, {
        icon: "search",
        label: _("Go to a conversation"),
        keys: "Ctrl+K",
        onClick: () => openDialog("switcher"),
      }),
    ),
    h(
      "div",
      { class: "sidebar-list" },
      h(
        "button",
        { type: "button", class: "sidebar-item", onClick: () => openDialog("mentions") },
        h(Icon, { name: "at" }),
        h("span", { class: "name" }, _("Mentions")),
        mentions
          ? h("span", { class: "sr-only" }, plural("{count} unread", "{count} unread", mentions))
          : null,
      ),
      /[oO]/u.test(workspace.me.modes.value)
        ? h(
            "button",
            { type: "button", class: "sidebar-item", onClick: openAdmin },
            h(Icon, { name: "shield" }),
            h("span", { class: "name" }, _("Administration")),
          )
        : null,
      group(
        _("Channels"),
        channels,
        workspace,
        h(IconButton, {
          icon: "plus",
          label: _("Join a channel"),
          onClick: () => openDialog("channels"),
        }),
      ),
      group(
        _("Private"),
        privates,
        workspace,
        h(IconButton, {
          icon: "plus",
          label: _("Write to somebody"),
          onClick: () => openDialog("switcher"),
        }),
      ),
    ),
    // Below the list, whose items stay in place.
    h(ConnectionState, { workspace }),
    h(OwnUser, { workspace }),
  );
}

function openAdmin() {
  openDialog("admin", { section: "overview" });
}

/**
 * @param {string} title
 * @param {Buffer[]} buffers
 * @param {Workspace} workspace
 * @param {import("../../vendor/preact.js").ComponentChildren} button
 */
function group(title, buffers, workspace, button) {
  return h(
    "section",
    { class: "sidebar-group", "aria-label": title },
    h("div", { class: "sidebar-title" }, h("h2", null, title), button),
    h(
      "ul",
      null,
      buffers.map((buffer) => h(Item, { key: buffer.id, buffer, workspace })),
    ),
  );
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
function Item({ buffer, workspace }) {
  const current = workspace.current.value === buffer;
  const [unread, mentions] = [buffer.unread.value, buffer.mentions.value];
  const muted = buffer.notify.value === "none";
  const peer = buffer.peer.value;
  const classes = [
    "sidebar-item",
    unread && !muted && "unread",
    muted && "muted",
    !buffer.joined.value && "parted",
  ];
  return h(
    "li",
    null,
    h(
      "a",
      {
        href: buffer.kind === "channel" ? `/#${fragmentOf(buffer.name)}` : "#",
        class: classes.filter(Boolean).join(" "),
        "aria-current": current ? "page" : undefined,
        onClick: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          open(workspace, buffer);
        },
      },
      buffer.kind === "channel"
        ? h(Icon, { name: muted ? "mute" : "hash" })
        : h(
            "span",
            { class: `presence ${!peer ? "offline" : peer.away ? "away" : "online"}` },
            h(
              "span",
              { class: "sr-only" },
              !peer ? _("offline") : peer.away ? _("away") : _("online"),
            ),
          ),
      h("bdi", { class: "name" }, channelName(buffer)),
      h(Badge, { unread, mentions, muted }),
    ),
  );
}

/** @param {{unread: number, mentions: number, muted: boolean}} props */
function Badge({ unread, mentions, muted }) {
  if (!unread || muted) return null;
  const count = mentions || unread;
  return h(
    "span",
    { class: mentions ? "badge mention" : "badge" },
    h("span", { "aria-hidden": "true" }, count > 999 ? "999+" : count),
    h(
      "span",
      { class: "sr-only" },
      mentions
        ? plural("{count} mention", "{count} mentions", mentions)
        : plural("{count} unread message", "{count} unread messages", unread),
    ),
  );
}

/** @param {Buffer} buffer */
function channelName(buffer) {
  const name = plainName(buffer.name);
  return buffer.kind === "channel" && name.startsWith("#") ? name.slice(1) : name;
}

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 */
function open(workspace, buffer) {
  workspace.actions.open(buffer);
  closeAll();
}

/** @param {KeyboardEvent} event */
function moveFocus(event) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const focused = /** @type {Element} */ (event.target).closest(".sidebar-item");
  if (!step || !focused || event.altKey) return;
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".sidebar-item")]);
  items[
    (items.indexOf(/** @type {HTMLElement} */ (focused)) + step + items.length) % items.length
  ]?.focus();
  event.preventDefault();
}

/** @param {{workspace: Workspace}} props */
function OwnUser({ workspace }) {
  const nick = workspace.me.nick.value;
  const away = workspace.me.away.value;
  return h(
    "div",
    { class: "own-user" },
    h(
      "button",
      { type: "button", class: "own-card", onClick: () => openDialog("account") },
      h(Avatar, { nick, colour: nickClass(nick), class: away ? "is-away" : "is-here" }),
      h(
        "span",
        { class: "own-names" },
        h("bdi", { class: "name" }, plainName(nick)),
        h(
          "span",
          { class: "quiet" },
          away
            ? _("Away: {text}", { text: plainName(away) })
            : workspace.me.account.value
              ? _("Logged in")
              : _("Guest"),
        ),
      ),
    ),
    h(IconButton, {
      icon: "settings",
      label: _("Settings"),
      onClick: () => openDialog("settings"),
    }),
  );
}
