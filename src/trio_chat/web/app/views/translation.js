/**
 * Translations beneath messages. This module is loaded with the menu of a message: few messages are
 * translated. A row has a place for what stands beneath it, and knows nothing of translations.
 */

import { h } from "../../vendor/preact.js";
import { signal } from "../../vendor/signals.js";
import { _, language } from "../platform/i18n.js";
import { plain } from "../text/formatting.js";
import { beneath } from "./row.js";

/** @import { Signal } from "../../vendor/signals.js" */
/** @import { Buffer, Entry, Translation } from "../model/types.js" */
/** @import { Timeline } from "./timeline.js" */

/** null while the server is waited for. @typedef {Signal<Translation|null>} State */

/** @param {Entry} entry */
export function isTranslated(entry) {
  return beneath.has(entry);
}

/**
 * Show the translation of a message beneath it, in the language of the page.
 * @param {Pick<Timeline, "workspace"|"buffer">} timeline
 * @param {Entry} entry
 */
export async function showTranslation({ workspace, buffer }, entry) {
  const { actions } = workspace;
  const state = /** @type {State} */ (signal(/** @type {Translation|null} */ (null)));
  const hide = () => hideTranslation(buffer, entry);
  const part = () => (entry.redactedBy ? null : h(Beneath, { state, hide }));
  beneath.set(entry, part);
  buffer.timeline.touch(entry);
  try {
    state.value = await actions.translate(buffer, entry, language.value);
  } catch (error) {
    if (beneath.get(entry) === part) hide();
    actions.notify(error instanceof Error ? error.message : String(error), true);
  }
}

/**
 * @param {Buffer} buffer
 * @param {Entry} entry
 */
export function hideTranslation(buffer, entry) {
  beneath.delete(entry);
  buffer.timeline.touch(entry);
}

/** @param {{state: State, hide: () => void}} props */
function Beneath({ state, hide }) {
  const translation = state.value;
  // The element is there before its text, so that screen readers read the text when it comes.
  return h(
    "div",
    { class: "translation" },
    h(
      "div",
      { "aria-live": "polite", "aria-busy": !translation },
      translation
        ? [
            h("p", { class: "quiet" }, _("Translation ({languages})", { languages: names(translation) })),
            h(
              "div",
              { class: "text", dir: "auto", lang: translation.language },
              translation.text.split("\n").map(plain).join("\n"),
            ),
          ]
        : h("p", { class: "quiet" }, _("Is being translated …")),
    ),
    h("button", { type: "button", class: "link", onClick: hide }, _("Show original")),
  );
}

/** @param {Translation} translation */
function names({ source, language: target }) {
  return [source, target].filter(Boolean).map(name).join(" → ");
}

/**
 * Return the name of a language in the language of the page; its code where there is none.
 * @param {string} code
 */
function name(code) {
  try {
    return new Intl.DisplayNames(language.value, { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
