/**
 * Emoji by name: the data of emojibase in `emoji/`, loaded when it is first needed.
 *
 * A row is `[emoji, name, keywords]`; names and keywords are those of Unicode CLDR in the user's
 * language, with the English short codes.
 */

import { fileAddress } from "../platform/files.js";
import { language } from "../platform/i18n.js";

/** @typedef {[emoji: string, name: string, keywords: string]} EmojiRow */
/** @typedef {{group: string, rows: EmojiRow[]}} EmojiGroup */

/** @type {Map<string, Promise<EmojiGroup[]>>} */
const loaded = new Map();

/**
 * Return the emoji in groups.
 * @returns {Promise<EmojiGroup[]>} Empty when they cannot be loaded.
 */
export function emojiGroups() {
  const name = language.peek();
  let found = loaded.get(name);
  if (!found) {
    found = load(name);
    loaded.set(name, found);
  }
  return found;
}

/**
 * @param {string} name
 * @returns {Promise<EmojiGroup[]>}
 */
async function load(name) {
  try {
    const response = await fetch(fileAddress(`emoji/${name}.json`));
    if (response.ok) return await response.json();
  } catch {
    // Tried again at the next use.
  }
  loaded.delete(name);
  return [];
}

/**
 * Return the emoji that have a text in name or keywords; those whose name begins with it first.
 * @param {readonly EmojiGroup[]} groups
 * @param {string} text
 * @param {number} most
 * @returns {EmojiRow[]}
 */
export function searchEmoji(groups, text, most) {
  const needle = text.toLowerCase().replaceAll("_", " ").trim();
  /** @type {EmojiRow[][]} */
  const ranked = [[], [], [], []];
  for (const { rows } of groups) {
    for (const row of rows) {
      const [, name, keywords] = row;
      // The short code is the first of the keywords.
      if (name.startsWith(needle) || `${keywords} `.startsWith(`${needle} `)) ranked[0]?.push(row);
      else if (` ${keywords}`.includes(` ${needle} `)) ranked[1]?.push(row);
      else if (` ${name} ${keywords}`.includes(` ${needle}`)) ranked[2]?.push(row);
      else if (name.includes(needle)) ranked[3]?.push(row);
    }
  }
  return ranked.flat().slice(0, most);
}
