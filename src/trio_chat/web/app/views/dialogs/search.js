/** Search in the history, and the messages that mention the user; each leads to its place. */

import { h } from "../../../vendor/preact.js";
import { useState } from "../../../vendor/hooks.js";
import { MOST_FOUND } from "../../model/entries.js";
import { N_, _, plural } from "../../platform/i18n.js";
import { shortTime } from "../../platform/dates.js";
import { plainName } from "../../text/formatting.js";
import { nickClass } from "../../text/nick_colour.js";
import { useWorkspace, viewSettings } from "../context.js";
import { Dialog } from "../dialog.js";
import { excerpt } from "../row.js";
import { closeAll, jump } from "../ui.js";

/** @import { Buffer, Entry, Found, Workspace } from "../../model/types.js" */

const NEWEST = N_(
  "Only the newest {count} messages are shown. Older ones are found with before: and a day.",
);

/** @param {{buffer: Buffer}} props */
export function Search({ buffer }) {
  const workspace = useWorkspace();
  const isChannel = buffer.kind === "channel";
  const [found, setFound] = useState(/** @type {Found[]|null} */ (null));
  const [state, setState] = useState("");
  const [text, setText] = useState("");
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const wanted = String(form.get("text")).trim();
    if (!wanted) return;
    setText(wanted);
    setState(_("Searching…"));
    try {
      const results = await workspace.actions.search(
        wanted,
        form.has("everywhere") || !isChannel ? null : buffer,
      );
      setFound(results);
      setState(
        results.length
          ? results.length < MOST_FOUND
            ? plural("{count} message found", "{count} messages found", results.length)
            : _(NEWEST, { count: results.length })
          : _("Nothing found. Try other words, or fewer."),
      );
    } catch (error) {
      setState(error instanceof Error ? error.message : String(error));
    }
  };
  return h(
    Dialog,
    { title: _("Search"), class: "search-dialog" },
    h(
      "form",
      { class: "search-form", onSubmit: submit, role: "search" },
      h("input", {
        type: "search",
        name: "text",
        "aria-label": _("Words to search for"),
        placeholder: _("Words to search for"),
        "data-autofocus": "",
        enterkeyhint: "search",
      }),
      h("button", { type: "submit", class: "primary" }, _("Search")),
      isChannel
        ? h(
            "label",
            { class: "check" },
            h("input", { type: "checkbox", name: "everywhere" }),
            h("span", null, _("In all channels")),
          )
        : null,
    ),
    h(
      "p",
      { class: "quiet", role: "status" },
      state || _("Searches channels. Also from:nickname, after:2026-01-31 and before:2026-02-28."),
    ),
    h(Results, { found: found ?? [], workspace, text }),
  );
}

export function Mentions() {
  const workspace = useWorkspace();
  const found = workspace.mentions.value;
  return h(
    Dialog,
    { title: _("Mentions"), class: "search-dialog" },
    found.length
      ? h(Results, { found, workspace, text: workspace.me.nick.value })
      : h(
          "p",
          { class: "quiet" },
          _("Nobody has mentioned you yet. Messages with your nickname are shown here."),
        ),
  );
}

/** @param {{found: Found[], workspace: Workspace, text: string}} props */
function Results({ found, workspace, text }) {
  const { clock } = viewSettings(workspace.settings.value);
  const pattern = patternOf(text);
  return h(
    "ol",
    { class: "results" },
    found.map(({ buffer, entry }) =>
      h(
        "li",
        { key: `${buffer} ${entry.id}` },
        h(
          "button",
          { type: "button", class: "result", onClick: () => void show(workspace, buffer, entry) },
          h(
            "span",
            { class: "result-head" },
            h("bdi", { class: `nick ${nickClass(entry.nick)}` }, plainName(entry.nick)),
            h("bdi", { class: "quiet" }, plainName(buffer)),
            h("time", { class: "quiet" }, shortTime(entry.time, clock)),
          ),
          h("span", { class: "result-text", dir: "auto" }, marked(entry, pattern)),
        ),
      ),
    ),
  );
}

/**
 * Return what fits the words that were searched for.
 * @param {string} wanted
 */
function patternOf(wanted) {
  const words = wanted.split(/\s+/u).filter((word) => word.length > 1 && !word.includes(":"));
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&"));
  return words.length ? new RegExp(`(${escaped.join("|")})`, "iu") : null;
}

const FAR = 100;
const BEFORE = 40;

/**
 * Return the part of a message in which the words are, where they are marked.
 * @param {Entry} entry
 * @param {RegExp|null} pattern
 */
function marked(entry, pattern) {
  if (!pattern) return excerpt(entry);
  const { text } = entry;
  const index = text.search(pattern);
  const from = index < FAR ? 0 : text.lastIndexOf(" ", index - BEFORE) + 1 || index;
  return `${from ? "… " : ""}${excerpt(entry, from)}`
    .split(pattern)
    .map((part, number) => (number % 2 ? h("mark", null, part) : part));
}

/**
 * @param {Workspace} workspace
 * @param {string} name
 * @param {Entry} entry
 */
async function show(workspace, name, entry) {
  closeAll();
  const buffer = workspace.actions.open(name);
  if (!buffer || !entry.msgid) return;
  try {
    const found =
      buffer.timeline.find(entry.msgid) ??
      (await workspace.actions.loadAround(buffer, entry.msgid));
    if (found) jump.value = { buffer, entry: found };
    else workspace.actions.notify(_("This message is not in the history any longer."), true);
  } catch (error) {
    workspace.actions.notify(error instanceof Error ? error.message : String(error), true);
  }
}
