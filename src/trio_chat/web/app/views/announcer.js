/**
 * The live region for screen readers: it reads new messages of the current conversation, and what
 * commands of the user were answered with, once each.
 * The timeline itself is not live, because its window would be read again when it moves.
 */

import { h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { useWorkspace } from "./context.js";
import { excerpt } from "./row.js";
import { isMessage } from "./rows.js";

/** @import { Buffer, Entry } from "../model/types.js" */

const MOST = 4;
const PAUSE = 700;

export function Announcer() {
  const workspace = useWorkspace();
  const buffer = workspace.current.value;
  const [texts, setTexts] = useState(/** @type {string[]} */ ([]));
  useEffect(() => (buffer ? watch(buffer, setTexts) : undefined), [buffer]);
  return h(
    "div",
    { class: "sr-only", "aria-live": "polite", role: "status", "data-announcer": "" },
    texts.map((text, number) => h("p", { key: `${number}${text}` }, text)),
  );
}

/**
 * @param {Buffer} buffer
 * @param {(texts: string[]) => void} setTexts
 */
function watch(buffer, setTexts) {
  const { timeline } = buffer;
  let last = timeline.entries.at(-1);
  let timer = 0;
  const read = () => {
    timer = 0;
    const from = last ? timeline.indexOf(last) + 1 : 0;
    last = timeline.entries.at(-1);
    if (!timeline.live.peek() || (from === 0 && timeline.entries.length > MOST)) return;
    const fresh = timeline.entries
      .slice(from)
      .filter((entry) => (isMessage(entry) || isAnswer(entry)) && !entry.self);
    if (fresh.length) setTexts(spoken(fresh));
  };
  const stop = timeline.version.subscribe(() => {
    timer ||= window.setTimeout(read, PAUSE);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** @param {Entry} entry */
function isAnswer({ kind }) {
  return kind === "info" || kind === "error";
}

/** @param {Entry[]} entries */
function spoken(entries) {
  if (entries.length > MOST)
    return [plural("{count} new message", "{count} new messages", entries.length)];
  return entries.map((entry) =>
    isAnswer(entry) ? excerpt(entry) : `${plainName(entry.nick)}: ${excerpt(entry)}`,
  );
}
