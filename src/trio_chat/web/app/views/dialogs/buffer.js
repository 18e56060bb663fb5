/** The menu of a conversation, and the editor of a channel's topic. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { fullTime } from "../../platform/dates.js";
import { plainName } from "../../text/formatting.js";
import { lineNodes } from "../../text/nodes.js";
import { useWorkspace } from "../context.js";
import { Dialog, MenuItem } from "../dialog.js";
import { isModerator } from "../moderation.js";
import { NotifyChoice } from "../notify_choice.js";
import { closeAll, closeDialog, openDialog } from "../ui.js";

/** @import { Buffer, Workspace } from "../../model/types.js" */

/** @param {{buffer: Buffer}} props */
export function BufferMenu({ buffer }) {
  const workspace = useWorkspace();
  const { actions } = workspace;
  const isChannel = buffer.kind === "channel";
  const act = (/** @type {() => void} */ action) => () => {
    closeAll();
    action();
  };
  return h(
    Dialog,
    { title: h("bdi", null, plainName(buffer.name)), class: "menu-dialog" },
    isChannel ? h(Topic, { buffer, workspace }) : null,
    isChannel
      ? h(MenuItem, {
          icon: "edit",
          label: _("Change the topic"),
          onClick: () => openDialog("topic", { buffer }),
        })
      : null,
    isChannel
      ? h(MenuItem, {
          icon: "link",
          label: _("Invite by a link or QR code"),
          onClick: () => openDialog("invite", { buffer }),
        })
      : null,
    workspace.features.value.search
      ? h(MenuItem, {
          icon: "search",
          label: _("Search"),
          onClick: act(() => openDialog("search", { buffer })),
        })
      : null,
    h(MenuItem, {
      icon: "check",
      label: _("Mark all as read"),
      onClick: act(() => actions.markRead(buffer)),
    }),
    workspace.features.value.reactions && buffer.kind !== "server"
      ? h(MenuItem, {
          icon: "chart",
          label: _("Ask a question in a poll"),
          onClick: act(() => openDialog("poll", { buffer })),
        })
      : null,
    workspace.features.value.accounts && buffer.kind !== "server"
      ? h(MenuItem, {
          icon: "away",
          label: _("Send later, and what waits"),
          onClick: act(() => openDialog("later", { buffer })),
        })
      : null,
    h(NotifyChoice, { buffer }),
    isChannel && isModerator(workspace, buffer) ? h(Bans, { buffer, workspace }) : null,
    isChannel && buffer.joined.value
      ? h(MenuItem, {
          icon: "leave",
          label: _("Leave the channel"),
          danger: true,
          onClick: act(() => actions.close(buffer)),
        })
      : null,
    !isChannel || !buffer.joined.value
      ? h(MenuItem, {
          icon: "close",
          label: _("Close the conversation"),
          onClick: act(() => actions.close(buffer)),
        })
      : null,
  );
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
function Topic({ buffer, workspace }) {
  const { text, by, time } = buffer.topic.value;
  const options = {
    nick: "",
    channelTypes: workspace.features.value.channelTypes,
    origin: location.origin,
  };
  return h(
    "div",
    { class: "full-topic" },
    h("p", { dir: "auto" }, text ? lineNodes(text, options) : _("No topic")),
    by
      ? h(
          "p",
          { class: "quiet" },
          _("Set by {nick}", { nick: plainName(by.split("!")[0] ?? by) }),
          time ? `, ${fullTime(time)}` : "",
        )
      : null,
    buffer.modes.value
      ? h("p", { class: "quiet" }, _("Modes: {modes}", { modes: buffer.modes.value }))
      : null,
  );
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
function Bans({ buffer, workspace }) {
  const [bans, setBans] = useState(/** @type {string[]} */ ([]));
  const load = () => void workspace.actions.banList(buffer)?.then(setBans, () => setBans([]));
  useEffect(load, [buffer]);
  if (!bans.length) return null;
  const lift = (/** @type {string} */ mask) => {
    workspace.actions.unban(buffer, mask);
    setBans(bans.filter((each) => each !== mask));
  };
  return h(
    "section",
    { "aria-label": _("Bans") },
    h("h3", null, _("Bans")),
    h(
      "ul",
      { class: "bans" },
      bans.map((mask) =>
        h(
          "li",
          { key: mask },
          h("code", null, plainName(mask)),
          h("button", { type: "button", class: "link", onClick: () => lift(mask) }, _("Lift")),
        ),
      ),
    ),
  );
}

/** @param {{buffer: Buffer}} props */
export function TopicEditor({ buffer }) {
  const workspace = useWorkspace();
  const [problem, setProblem] = useState("");
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const text = String(
      new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("topic") ?? "",
    )
      .replaceAll("\n", " ")
      .trim();
    workspace.actions.setTopic(buffer, text).then(closeAll, (error) => setProblem(error.message));
  };
  return h(
    Dialog,
    { title: _("Topic of {channel}", { channel: plainName(buffer.name) }), class: "small-dialog" },
    h(
      "form",
      { onSubmit: submit },
      h(
        "div",
        { class: "field" },
        h("label", { for: "topic" }, _("What this channel is about")),
        h("textarea", {
          id: "topic",
          name: "topic",
          rows: 3,
          defaultValue: buffer.topic.value.text,
          maxLength: workspace.features.value.limits.topic || undefined,
          "data-autofocus": "",
          dir: "auto",
        }),
      ),
      h("p", { class: "problem", role: "alert" }, problem),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onClick: closeDialog }, _("Cancel")),
        h("button", { type: "submit", class: "primary" }, _("Save")),
      ),
    ),
  );
}
