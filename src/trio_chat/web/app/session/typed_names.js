/**
 * Names as users type them: channels with commas between them and without their first sign, and
 * nicknames with spaces.
 */
import { _ } from "../platform/i18n.js";

/** @import { Actions } from "../model/types.js" */

/**
 * Return what is meant by a nickname, as the form of the first visit takes it, too.
 * @param {string} text
 */
export function asNickname(text) {
  return text.trim().replace(/\s+/gu, "_");
}

/**
 * Join the channels of a list.
 * @param {Actions} actions
 * @param {string} types First characters of channels.
 * @param {string} names
 * @param {string} keys In the order of the names.
 */
export function joinNamed(actions, types, names, keys) {
  const all = keys.split(",");
  for (const [number, each] of names.split(",").entries()) {
    const word = each.trim();
    if (!word) continue;
    const name = types.includes(word.charAt(0)) ? word : `${types.charAt(0) || "#"}${word}`;
    // The server would take it for another name, and its answer would not lead back to this one.
    if (/\s/.test(name)) {
      actions.notify(
        _("{name} cannot be joined: that is not the name of a channel.", { name }),
        true,
      );
    } else actions.join(name, all[number]?.trim() || undefined);
  }
}
