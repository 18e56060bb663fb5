/** The head of a conversation: its name and topic, and the buttons for it. */

import { h } from "../../vendor/preact.js";
import { _, numberText, plural } from "../platform/i18n.js";
import { isBase } from "../text/calls.js";
import { plain, plainName } from "../text/formatting.js";
import { setViewSettings, useWorkspace, viewSettings } from "./context.js";
import { Icon, IconButton } from "./icon.js";
import { oneLine } from "./row.js";
import { drawer, openDialog } from "./ui.js";

/** @import { Buffer, Workspace } from "../model/types.js" */

/** @param {{buffer: Buffer|null}} props */
export function Header({ buffer }) {
  const workspace = useWorkspace();
  const others = workspace.buffers.value.reduce(
    (sum, each) => sum + (each === buffer ? 0 : each.mentions.value),
    0,
  );
  return h(
    "header",
    { class: "header" },
    h(
      "div",
      { class: "menu-button" },
      h(IconButton, {
        icon: "menu",
        label: others
          ? plural("Conversations, {count} mention", "Conversations, {count} mentions", others)
          : _("Conversations"),
        onClick: () => (drawer.value = "buffers"),
      }),
      others ? h("span", { class: "dot", "aria-hidden": "true" }) : null,
    ),
    buffer ? h(Title, { buffer, workspace }) : h("h1", null, workspace.features.value.network),
    buffer ? h(Buttons, { buffer, workspace }) : null,
  );
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
function Title({ buffer, workspace }) {
  const name = plainName(buffer.name) || workspace.features.value.network;
  const topic = buffer.topic.value.text;
  const peer = buffer.peer.value;
  const text = {
    nick: "",
    channelTypes: workspace.features.value.channelTypes,
    origin: location.origin,
  };
  const state = !peer ? _("offline") : peer.away ? _("away") : _("online");
  return h(
    "div",
    { class: "title" },
    h("h1", null, h("bdi", null, name)),
    buffer.kind === "channel"
      ? h(
          "div",
          { class: "topic", title: plain(topic) },
          topic ? oneLine(topic, text) : h("span", { class: "quiet" }, _("No topic")),
        )
      : buffer.kind === "private"
        ? h("div", { class: "topic" }, state)
        : null,
  );
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
function Buttons({ buffer, workspace }) {
  void buffer.membersVersion.value;
  const count = buffer.members.size;
  const shown = viewSettings(workspace.settings.value).members;
  const isChannel = buffer.kind === "channel";
  const toggle = () => {
    if (matchMedia("(max-width: 1000px)").matches)
      drawer.value = drawer.value === "members" ? "" : "members";
    else setViewSettings(workspace, { members: !shown });
  };
  return h(
    "div",
    { class: "header-buttons" },
    workspace.features.value.search && buffer.kind !== "server"
      ? h(IconButton, {
          icon: "search",
          label: _("Search"),
          keys: "Ctrl+Shift+F",
          onClick: () => openDialog("search", { buffer }),
        })
      : null,
    isBase(workspace.features.value.call) && buffer.kind !== "server"
      ? h(IconButton, {
          icon: "call",
          label: _("Call"),
          onClick: () => workspace.actions.input(buffer, "/call"),
        })
      : null,
    isChannel
      ? h(
          "button",
          {
            type: "button",
            class: "icon-button with-count",
            "aria-pressed": shown,
            "aria-label": plural("{count} member", "{count} members", count),
            title: _("Members"),
            onClick: toggle,
          },
          h(Icon, { name: "members" }),
          h("span", { "aria-hidden": "true" }, numberText(count)),
        )
      : null,
    buffer.kind === "private"
      ? h(IconButton, {
          icon: "user",
          label: _("About this user"),
          onClick: () => openDialog("user", { nick: buffer.name, buffer }),
        })
      : null,
    buffer.kind !== "server"
      ? h(IconButton, {
          icon: "more",
          label: isChannel ? _("Channel") : _("Conversation"),
          onClick: () => openDialog("buffer", { buffer }),
        })
      : null,
  );
}
