/**
 * Strings of their own. A part of a string refers to the whole in V8, so that an entry would keep
 * the line of the server that it came from, which is several times as long.
 */

const MOST_SHARED = 5000;
/** @type {Map<string, string>} */
const known = new Map();

/**
 * Return a copy of a text.
 * @param {string} text
 * @returns {string}
 */
export function copied(text) {
  return text.length < 13 ? text : JSON.parse(JSON.stringify(text));
}

/**
 * Return the one copy of a text that many entries have, such as a nickname.
 * @param {string} text
 * @returns {string}
 */
export function shared(text) {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= MOST_SHARED) known.clear();
  const copy = copied(text);
  known.set(copy, copy);
  return copy;
}
