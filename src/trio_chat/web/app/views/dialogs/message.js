/** What can be done with a message: its menu, its deletion, its report, and sending of many lines. */

import { h } from "../../../vendor/preact.js";
import { useState } from "../../../vendor/hooks.js";
import { _, plural } from "../../platform/i18n.js";
import { isMessage } from "../../model/entries.js";
import { plain, plainName } from "../../text/formatting.js";
import { addFiles } from "../attachments.js";
import { useWorkspace } from "../context.js";
import { Dialog, MenuItem } from "../dialog.js";
import { excerpt } from "../row.js";
import { reply, toggleReaction } from "../timeline_input.js";
import { hideTranslation, isTranslated, showTranslation } from "../translation.js";
import { closeAll, closeDialog, openDialog } from "../ui.js";

/** @import { Buffer, Entry } from "../../model/types.js" */
/** @import { Timeline } from "../timeline.js" */

const QUICK = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

/** @param {{timeline: Timeline, entry: Entry}} props */
export function MessageMenu({ timeline, entry }) {
  const { workspace, buffer } = timeline;
  const { actions } = workspace;
  const canReact = workspace.features.value.reactions && !!entry.msgid && !entry.redactedBy;
  const act = (/** @type {() => void} */ action) => () => {
    closeAll();
    action();
  };
  const react = (/** @type {string} */ emoji) => toggleReaction(timeline, entry, emoji);
  return h(
    Dialog,
    { title: entry.nick ? plainName(entry.nick) : _("Message"), class: "menu-dialog" },
    h("p", { class: "menu-excerpt", dir: "auto" }, excerpt(entry)),
    canReact
      ? h(
          "div",
          { class: "quick-reactions" },
          QUICK.map((emoji) =>
            h(
              "button",
              {
                key: emoji,
                type: "button",
                class: "emoji",
                "aria-label": _("React with {emoji}", { emoji }),
                onClick: act(() => react(emoji)),
              },
              emoji,
            ),
          ),
        )
      : null,
    canReact
      ? h(MenuItem, {
          icon: "react",
          label: _("Another reaction"),
          onClick: act(() => openDialog("emoji", { onPick: react })),
        })
      : null,
    canReact
      ? h(MenuItem, {
          icon: "reply",
          label: _("Reply"),
          onClick: act(() => reply(timeline, entry)),
        })
      : null,
    entry.text
      ? h(MenuItem, {
          icon: "copy",
          label: _("Copy the text"),
          onClick: act(() => void copy(plainLines(entry.text), actions.notify)),
        })
      : null,
    entry.text && !entry.redactedBy && workspace.features.value.accounts
      ? h(MenuItem, {
          icon: "away",
          label: _("Remind me of it"),
          onClick: act(() => openDialog("later", { buffer, entry })),
        })
      : null,
    mayTranslate(timeline, entry)
      ? h(MenuItem, {
          icon: "globe",
          label: isTranslated(entry) ? _("Show original") : _("Translate"),
          onClick: act(() => {
            if (isTranslated(entry)) hideTranslation(buffer, entry);
            else void showTranslation(timeline, entry);
          }),
        })
      : null,
    entry.msgid
      ? h(MenuItem, {
          icon: "bell",
          label: _("Mark as unread from here"),
          onClick: act(() => actions.markUnread(buffer, entry)),
        })
      : null,
    actions.mayPin(buffer, entry) ? h(PinItem, { buffer, entry, act }) : null,
    entry.nick && !entry.self
      ? h(MenuItem, {
          icon: "user",
          label: _("About this user"),
          onClick: act(() => openDialog("user", { nick: entry.nick, buffer })),
        })
      : null,
    isReportable(timeline, entry)
      ? h(MenuItem, {
          icon: "shield",
          label: _("Report"),
          onClick: act(() => openDialog("report", { buffer, entry })),
        })
      : null,
    actions.mayRedact(buffer, entry)
      ? h(MenuItem, {
          icon: "trash",
          label: _("Delete"),
          danger: true,
          onClick: act(() => openDialog("delete", { buffer, entry })),
        })
      : null,
  );
}

/**
 * @param {Timeline} timeline
 * @param {Entry} entry
 */
function mayTranslate({ workspace }, entry) {
  const isOffered = workspace.features.value.caps.has("trio-chat/translate");
  return isOffered && isMessage(entry) && entry.msgid && entry.text;
}

/**
 * Only this server has reports, and it has the numbers of messages, too.
 * @param {Timeline} timeline
 * @param {Entry} entry
 */
function isReportable({ workspace, buffer }, entry) {
  const isOffered = workspace.features.value.caps.has("trio-chat/number");
  return isOffered && buffer.kind !== "server" && isMessage(entry) && entry.msgid && !entry.self;
}

/**
 * @param {{buffer: Buffer, entry: Entry, act: (action: () => void) => () => void}} props
 */
function PinItem({ buffer, entry, act }) {
  const { actions } = useWorkspace();
  const pinned = buffer.pins.value.some(({ msgid }) => msgid === entry.msgid);
  return h(MenuItem, {
    icon: "pin",
    label: pinned ? _("Unpin") : _("Pin"),
    onClick: act(() => void actions.pin(buffer, entry.msgid, !pinned)),
  });
}

/** @param {string} text */
function plainLines(text) {
  return text.split("\n").map(plain).join("\n");
}

/**
 * Copy a text. Without a secure context there is no Clipboard API.
 * @param {string} text
 * @param {(text: string, error?: boolean) => void} notify
 */
export async function copy(text, notify) {
  try {
    await navigator.clipboard.writeText(text);
    notify(_("Copied."));
  } catch {
    if (copyBySelection(text)) notify(_("Copied."));
    else notify(_("The browser does not let this page copy. Select the text instead."), true);
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr-only";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

/** @param {{buffer: Buffer, entry: Entry}} props */
export function Delete({ buffer, entry }) {
  const { actions } = useWorkspace();
  const [problem, setProblem] = useState("");
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const reason = String(
      new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("reason") ?? "",
    ).trim();
    actions.redact(buffer, entry, reason).then(closeDialog, (error) => setProblem(error.message));
  };
  return h(
    Dialog,
    { title: _("Delete this message?"), class: "small-dialog" },
    h("p", { class: "menu-excerpt", dir: "auto" }, excerpt(entry)),
    h("p", { class: "quiet" }, _("It is removed for everybody, with its files.")),
    h(
      "form",
      { onSubmit: submit },
      entry.self
        ? null
        : h(
            "div",
            { class: "field" },
            h("label", { for: "reason" }, _("Reason (others see it)")),
            h("input", { id: "reason", name: "reason" }),
          ),
      h("p", { class: "problem", role: "alert" }, problem),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onClick: closeDialog }, _("Cancel")),
        h("button", { type: "submit", class: "danger", "data-autofocus": "" }, _("Delete")),
      ),
    ),
  );
}

/** @param {{buffer: Buffer, entry: Entry}} props */
export function Report({ buffer, entry }) {
  const { actions } = useWorkspace();
  const [problem, setProblem] = useState("");
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    actions.report(buffer, entry, String(form.get("reason")).trim()).then(
      (answer) => {
        closeDialog();
        actions.notify(answer);
      },
      (error) => setProblem(error.message),
    );
  };
  return h(
    Dialog,
    { title: _("Report this message?"), class: "small-dialog" },
    h("p", { class: "menu-excerpt", dir: "auto" }, excerpt(entry)),
    h(
      "p",
      { class: "quiet" },
      buffer.kind === "channel"
        ? _("The operators of the channel see it, and who has reported it.")
        : _("The operators of the server see it, and who has reported it."),
    ),
    h(
      "form",
      { onSubmit: submit },
      h(
        "div",
        { class: "field" },
        h("label", { for: "reason" }, _("Reason")),
        h("input", { id: "reason", name: "reason", required: true, "data-autofocus": "" }),
      ),
      problem ? h("p", { class: "problem", role: "alert" }, problem) : null,
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onClick: closeDialog }, _("Cancel")),
        h("button", { type: "submit", class: "primary" }, _("Report")),
      ),
    ),
  );
}

/** @param {{buffer: Buffer, text: string, onSend: () => void}} props */
export function Lines({ buffer, text, onSend }) {
  const workspace = useWorkspace();
  const { lines } = workspace.features.value.limits;
  const count = text.split("\n").length;
  const asFile = () => {
    closeDialog();
    buffer.draft.value = "";
    addFiles(workspace, buffer, [new File([text], "text.txt", { type: "text/plain" })]);
  };
  const send = () => {
    closeDialog();
    onSend();
  };
  return h(
    Dialog,
    { title: plural("Send {count} line?", "Send {count} lines?", count), class: "small-dialog" },
    h(
      "p",
      null,
      lines > 1
        ? plural(
            "A message can have {count} line, so this becomes several messages.",
            "A message can have {count} lines, so this becomes several messages.",
            lines,
          )
        : _("Each line becomes a message of its own."),
    ),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onClick: closeDialog }, _("Cancel")),
      workspace.features.value.filehost
        ? h("button", { type: "button", onClick: asFile }, _("Send as a file"))
        : null,
      h(
        "button",
        { type: "button", class: "primary", "data-autofocus": "", onClick: send },
        _("Send"),
      ),
    ),
  );
}
