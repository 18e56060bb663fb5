/** The channels of the server: join one of the list, or one by its name. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _, plural } from "../../platform/i18n.js";
import { joinNamed } from "../../session/typed_names.js";
import { plain, plainName } from "../../text/formatting.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { matching } from "../matching.js";
import { closeAll } from "../ui.js";

/** @import { ListedChannel, Workspace } from "../../model/types.js" */

const MOST = 200;

export function Channels() {
  const workspace = useWorkspace();
  const [listed, setListed] = useState(/** @type {ListedChannel[]|null} */ (null));
  const [problem, setProblem] = useState("");
  const [text, setText] = useState("");
  useEffect(() => {
    workspace.actions
      .list()
      .then(setListed, (/** @type {Error} */ error) => setProblem(error.message));
  }, []);
  const sorted = [...(listed ?? [])].sort((one, other) => other.members - one.members);
  const found = matching(sorted, text.trim(), ({ name, topic }) => `${name} ${plain(topic)}`);
  return h(
    Dialog,
    { title: _("Join a channel"), class: "channels-dialog" },
    h(JoinForm, { workspace, text, setText }),
    h(
      "h3",
      null,
      listed
        ? plural("{count} channel on this server", "{count} channels on this server", listed.length)
        : problem || _("Loading…"),
    ),
    h(
      "ul",
      { class: "channel-list" },
      found.slice(0, MOST).map((channel) => h(Row, { key: channel.name, channel, workspace })),
    ),
    listed && text && !found.length
      ? h(
          "p",
          { class: "quiet" },
          _("No channel has this in its name or topic. “Join” creates one."),
        )
      : null,
  );
}

/** @param {{workspace: Workspace, text: string, setText: (text: string) => void}} props */
function JoinForm({ workspace, text, setText }) {
  const types = workspace.features.value.channelTypes;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const name = String(form.get("channel")).trim();
    if (!name) return;
    closeAll();
    joinNamed(workspace.actions, types, name, String(form.get("key")));
  };
  return h(
    "form",
    { class: "join-form", onSubmit: submit },
    h(
      "div",
      { class: "field" },
      h("label", { for: "channel" }, _("Name, or words of the topic")),
      h("input", {
        id: "channel",
        name: "channel",
        "data-autofocus": "",
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: false,
        value: text,
        onInput: (/** @type {InputEvent} */ event) =>
          setText(/** @type {HTMLInputElement} */ (event.currentTarget).value),
      }),
    ),
    h(
      "div",
      { class: "field short" },
      h("label", { for: "key" }, _("Key, if it has one")),
      h("input", {
        id: "key",
        name: "key",
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: false,
      }),
    ),
    h("button", { type: "submit", class: "primary" }, _("Join")),
  );
}

/** @param {{channel: ListedChannel, workspace: Workspace}} props */
function Row({ channel, workspace }) {
  const open = () => {
    closeAll();
    workspace.actions.open(channel.name);
  };
  return h(
    "li",
    null,
    h(
      "button",
      { type: "button", class: "listed", onClick: open },
      h("bdi", { class: "label" }, plainName(channel.name)),
      h("span", { class: "count" }, plural("{count} member", "{count} members", channel.members)),
      h("span", { class: "detail", dir: "auto" }, plain(channel.topic)),
    ),
  );
}
