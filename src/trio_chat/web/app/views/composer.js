/** The prompt: a text that grows, completion, the answered message, and files to send. */

import { h } from "../../vendor/preact.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { signal } from "../../vendor/signals.js";
import { _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { nickClass } from "../text/nick_colour.js";
import { isSecretLine } from "../text/secrets.js";
import { AttachButtons, Attachments, addFiles, takeAddresses, uploadsOf } from "./attachments.js";
import { CompletionList, useCompletion } from "./completion_list.js";
import { handlePromptKey } from "./composer_keys.js";
import { useWorkspace } from "./context.js";
import { IconButton } from "./icon.js";
import { excerpt } from "./row.js";
import { TypingLine } from "./typing_line.js";
import { openDialog, prompt, toNewest } from "./ui.js";

/** @import { Buffer, Entry, Workspace } from "../model/types.js" */

const PASTED_LINES = 5;

/** @param {{buffer: Buffer}} props */
export function Composer({ buffer }) {
  const workspace = useWorkspace();
  const field = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const draft = buffer.draft.value;
  const completion = useCompletion(workspace, buffer, field);
  const [dragging, setDragging] = useState(false);
  useLayoutEffect(() => {
    prompt.element = field.current;
    if (field.current) fit(field.current);
  }, [draft]);
  useEffect(() => watchDrop(buffer, workspace, setDragging), [buffer]);
  const send = () => {
    completion.close();
    void submit(workspace, buffer);
  };
  if (buffer.kind === "channel" && !buffer.joined.value && !buffer.wanted.value)
    return h(JoinBar, { buffer, workspace });
  return h(
    "footer",
    { class: dragging ? "composer dragging" : "composer" },
    h(TypingLine, { buffer }),
    buffer.replyTo.value ? h(ReplyBar, { buffer, entry: buffer.replyTo.value }) : null,
    h(Attachments, { buffer, workspace }),
    h(
      "div",
      { class: "prompt-row" },
      h(CompletionList, { completion }),
      workspace.features.value.filehost && buffer.kind !== "server" ? h(AttachButtons, { buffer, workspace }) : null,
      h("textarea", {
        ref: field,
        class: "prompt",
        rows: 1,
        value: draft,
        placeholder: placeholder(buffer),
        "aria-label": placeholder(buffer),
        "aria-autocomplete": "list",
        "aria-controls": completion.items.length ? "completions" : undefined,
        "aria-activedescendant": completion.items.length
          ? `completion-${completion.active}`
          : undefined,
        enterkeyhint: "send",
        autocapitalize: "sentences",
        dir: "auto",
        onInput: (/** @type {InputEvent} */ event) => typed(workspace, buffer, event, completion),
        onSelect: completion.update,
        onBlur: completion.close,
        onKeyDown: (/** @type {KeyboardEvent} */ event) =>
          handlePromptKey(event, { workspace, buffer, completion, send }),
        onPaste: (/** @type {ClipboardEvent} */ event) => pasted(workspace, buffer, event),
      }),
      h(IconButton, {
        icon: "react",
        label: _("Emoji"),
        class: "emoji-button",
        onClick: () =>
          openDialog("emoji", {
            // The dialog gives the focus back to the button first.
            onPick: (/** @type {string} */ emoji) => setTimeout(() => insertText(buffer, emoji)),
          }),
      }),
      workspace.features.value.accounts && draft.trim() && !/^\/(?!\/)/.test(draft) && buffer.kind !== "server"
        ? h(IconButton, {
            icon: "away",
            label: _("Send later"),
            class: "later-button",
            onClick: () => openDialog("later", { buffer, text: draft }),
          })
        : null,
      h(IconButton, {
        icon: "send",
        label: _("Send"),
        class: "send-button",
        onClick: send,
        disabled: !draft.trim() && !uploadsOf(buffer).value.length,
      }),
    ),
    h(LengthNote, { text: draft, workspace }),
  );
}

/** @param {Buffer} buffer */
function placeholder(buffer) {
  if (buffer.kind === "server") return _("Type a /command");
  return _("Message {name}", { name: plainName(buffer.name) });
}

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 * @param {InputEvent} event
 * @param {import("./completion_list.js").CompletionState} completion
 */
function typed(workspace, buffer, event, completion) {
  const text = /** @type {HTMLTextAreaElement} */ (event.currentTarget).value;
  buffer.draft.value = text;
  if (buffer.kind !== "server")
    workspace.actions.typing(buffer, text.trim() !== "" && !text.startsWith("/"));
  completion.update();
}

/** @param {HTMLTextAreaElement} field */
function fit(field) {
  field.style.setProperty("height", "auto");
  field.style.setProperty("height", `${field.scrollHeight}px`);
}

/** Buffers with a message that waits for its files. @type {WeakSet<Buffer>} */
const waiting = new WeakSet();

/**
 * Send what was typed together with the addresses of the files.
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 */
async function submit(workspace, buffer) {
  const text = buffer.draft.value;
  if (!text.trim() && !uploadsOf(buffer).value.length) return;
  const isCommand = text.startsWith("/") && !text.startsWith("//");
  if (!isCommand) {
    if (waiting.has(buffer)) return;
    waiting.add(buffer);
  }
  const addresses = isCommand ? [] : await takeAddresses(buffer, text);
  if (!isCommand) waiting.delete(buffer);
  if (!addresses) {
    const isRefused = uploadsOf(buffer).value.some(({ error }) => error.value);
    const text = _("Nothing was sent: remove the file that was not uploaded, or upload it again.");
    if (isRefused) workspace.actions.notify(text);
    return;
  }
  const { lines } = workspace.features.value.limits;
  const line = [text.trimEnd(), ...addresses].filter(Boolean).join(lines > 1 ? "\n" : " ");
  const count = line.split("\n").length;
  if (!isCommand && count > Math.max(lines, PASTED_LINES)) {
    const onSend = () => deliver(workspace, buffer, line, text);
    openDialog("lines", { buffer, text: line, onSend });
    return;
  }
  deliver(workspace, buffer, line, text);
}

/** Lines that were sent, the newest last: for the keys that recall them. */
export const sentLines = signal(/** @type {string[]} */ ([]));
const MOST_RECALLED = 100;

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 * @param {string} line
 * @param {string} text What was typed of it; what stands behind it was typed since.
 */
function deliver(workspace, buffer, line, text) {
  if (!isSecretLine(line))
    sentLines.value = [...sentLines.peek().slice(-MOST_RECALLED), line];
  const { draft } = buffer;
  const rest = draft.value.slice(text.length).trimStart();
  workspace.actions.input(buffer, line);
  draft.value ||= rest;
  toNewest(workspace, buffer);
}

/**
 * Insert a text at the cursor of the prompt.
 * @param {Buffer} buffer
 * @param {string} text
 */
export function insertText(buffer, text) {
  const field = prompt.element;
  const [start, end] = [
    field?.selectionStart ?? buffer.draft.value.length,
    field?.selectionEnd ?? buffer.draft.value.length,
  ];
  buffer.draft.value = buffer.draft.value.slice(0, start) + text + buffer.draft.value.slice(end);
  if (!field) return;
  field.value = buffer.draft.value;
  field.focus();
  field.setSelectionRange(start + text.length, start + text.length);
}

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 * @param {ClipboardEvent} event
 */
function pasted(workspace, buffer, event) {
  const files = [...(event.clipboardData?.files ?? [])];
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!files.length || text) return;
  event.preventDefault();
  addFiles(workspace, buffer, files);
}

/**
 * Take files that are dropped anywhere on the page.
 * @param {Buffer} buffer
 * @param {Workspace} workspace
 * @param {(dragging: boolean) => void} setDragging
 */
function watchDrop(buffer, workspace, setDragging) {
  const controller = new AbortController();
  const { signal: stop } = controller;
  const hasFiles = (/** @type {DragEvent} */ event) =>
    !!event.dataTransfer?.types.includes("Files");
  document.addEventListener(
    "dragover",
    (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setDragging(true);
    },
    { signal: stop },
  );
  document.addEventListener("dragleave", (event) => !event.relatedTarget && setDragging(false), {
    signal: stop,
  });
  document.addEventListener(
    "drop",
    (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault(); // the browser would open the file instead of the chat
      setDragging(false);
      addFiles(workspace, buffer, [...(event.dataTransfer?.files ?? [])]);
    },
    { signal: stop },
  );
  return () => controller.abort();
}

/** @param {{buffer: Buffer, entry: Entry}} props */
function ReplyBar({ buffer, entry }) {
  return h(
    "div",
    { class: "reply-bar" },
    h(
      "span",
      null,
      _("Replying to"),
      " ",
      h("bdi", { class: nickClass(entry.nick) }, plainName(entry.nick)),
      ": ",
      h("span", { class: "excerpt" }, excerpt(entry)),
    ),
    h(IconButton, {
      icon: "close",
      label: _("Do not reply"),
      onClick: () => (buffer.replyTo.value = null),
    }),
  );
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
function JoinBar({ buffer, workspace }) {
  return h(
    "footer",
    { class: "composer join-bar" },
    h("span", null, _("You are not in {channel}.", { channel: plainName(buffer.name) })),
    h(
      "button",
      { type: "button", class: "primary", onClick: () => workspace.actions.join(buffer.name) },
      _("Join"),
    ),
  );
}

const encoder = new TextEncoder();

/** @param {{text: string, workspace: Workspace}} props */
function LengthNote({ text, workspace }) {
  const limit = workspace.features.value.limits.text;
  if (!limit || text.length < limit / 4) return null;
  const left = limit - encoder.encode(text).length;
  if (left > limit / 10) return null;
  const note =
    left >= 0
      ? plural("{count} byte left", "{count} bytes left", left)
      : plural(
          "{count} byte too long: it will be sent in several messages",
          "{count} bytes too long: it will be sent in several messages",
          -left,
        );
  return h("p", { class: "length-note", role: "status" }, note);
}
