/** The list of completions above the prompt, and its state. */

import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { emojiGroups, searchEmoji } from "../text/emoji.js";
import { plainName } from "../text/formatting.js";
import { candidates, inserted, queryAt } from "./completion.js";

/** @import { Buffer, Workspace } from "../model/types.js" */
/** @import { Candidate, Query } from "./completion.js" */

/**
 * @typedef {object} CompletionState
 * @property {Candidate[]} items
 * @property {number} active
 * @property {boolean} isComplete Whether the word is one of the candidates already, so that Enter sends.
 * @property {() => void} update Look at the text before the cursor.
 * @property {() => boolean} force Complete the word before the cursor; whether there was one.
 * @property {(step: number) => void} move
 * @property {(index?: number) => void} accept
 * @property {() => void} close
 */

const MOST_EMOJI = 8;

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 * @param {{current: HTMLTextAreaElement|null}} field
 * @returns {CompletionState}
 */
export function useCompletion(workspace, buffer, field) {
  const [query, setQuery] = useState(/** @type {Query|null} */ (null));
  const [items, setItems] = useState(/** @type {Candidate[]} */ ([]));
  const [active, setActive] = useState(0);
  const latest = useRef(0);
  const close = () => {
    latest.current += 1;
    setItems([]);
    setQuery(null);
  };
  const show = async (/** @type {boolean} */ forced) => {
    const element = field.current;
    if (!element || element.selectionStart !== element.selectionEnd) return close();
    const { channelTypes } = workspace.features.value;
    const wanted = queryAt(element.value, element.selectionStart, workspace.commands, {
      channelTypes,
      forced,
    });
    const turn = (latest.current += 1);
    const found = !wanted
      ? []
      : wanted.kind === "emoji"
        ? await emoji(wanted.text)
        : candidates(wanted, workspace, buffer);
    if (turn !== latest.current) return undefined;
    const [only] = found;
    if (forced && wanted && only && found.length === 1) return insert(wanted, only);
    setQuery(found.length ? wanted : null);
    setItems(found);
    return setActive(0);
  };
  const insert = (/** @type {Query} */ wanted, /** @type {Candidate} */ candidate) => {
    const { text, cursor } = inserted(buffer.draft.value, wanted, candidate);
    buffer.draft.value = text;
    close();
    // At once, not with the next drawing: the user may be typing already.
    const element = field.current;
    if (!element) return;
    element.value = text;
    element.focus();
    element.setSelectionRange(cursor, cursor);
  };
  useEffect(close, [buffer]);
  return {
    items,
    active,
    isComplete: active === 0 && !!query && items.some((item) => isWhole(query, item)),
    update: () => void show(false),
    force: () => {
      const element = field.current;
      const isInWord = !!element && /\S$/u.test(element.value.slice(0, element.selectionStart));
      void show(true);
      return isInWord;
    },
    move: (step) => setActive((active + step + items.length) % items.length),
    accept: (index = active) => {
      const candidate = items[index];
      if (query && candidate) insert(query, candidate);
    },
    close,
  };
}

/**
 * @param {Query} query
 * @param {Candidate} candidate
 */
function isWhole({ kind, text }, { label }) {
  const typed = kind === "command" ? `/${text}` : text;
  return kind !== "emoji" && typed.toLowerCase() === label.toLowerCase();
}

/**
 * @param {string} text
 * @returns {Promise<Candidate[]>}
 */
async function emoji(text) {
  return searchEmoji(await emojiGroups(), text, MOST_EMOJI).map(([sign, name]) => ({
    insert: `${sign} `,
    label: name,
    sign,
  }));
}

/** @param {{completion: CompletionState}} props */
export function CompletionList({ completion }) {
  const { items, active, accept } = completion;
  if (!items.length) return null;
  return h(
    "ul",
    { class: "completions", id: "completions", role: "listbox", "aria-label": _("Suggestions") },
    items.map(({ label, detail, sign }, index) =>
      h(
        "li",
        {
          key: `${sign}${label}`,
          id: `completion-${index}`,
          role: "option",
          "aria-selected": index === active,
          // The prompt keeps the focus.
          onPointerDown: (/** @type {Event} */ event) => event.preventDefault(),
          onClick: () => accept(index),
        },
        sign ? h("span", { class: "sign" }, sign) : null,
        h("bdi", { class: "label" }, plainName(label)),
        detail ? h("span", { class: "detail", dir: "auto" }, plainName(detail)) : null,
      ),
    ),
  );
}
