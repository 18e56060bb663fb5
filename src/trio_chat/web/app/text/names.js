/** Names in a text: the user's own nickname, and channels. */

import { balanced } from "./links.js";

/**
 * @typedef {object} NameFound
 * @property {number} start
 * @property {number} end
 * @property {"nick"|"channel"} kind
 */

const WORD = /[\p{L}\p{N}_\-[\]\\^{}|`]/u;
const CHANNEL = /#*[^\s,:;!?.'"()<>«»“”…、。）！，：；？\x00-\x1f#]{1,63}/uy;
const CHANNEL_START = /[\s("'«“[]/u;

/**
 * Return the names in a text, in order.
 * @param {string} text
 * @param {string} nick The user's own.
 * @param {string} channelTypes
 * @returns {NameFound[]}
 */
export function mentions(text, nick, channelTypes) {
  /** @type {NameFound[]} */
  const found = [...nicks(text, nick), ...channels(text, channelTypes)];
  found.sort((one, other) => one.start - other.start);
  return found.filter(
    (each, number) => number === 0 || each.start >= (found[number - 1]?.end ?? 0),
  );
}

/**
 * @param {string} text
 * @param {string} nick
 * @returns {NameFound[]}
 */
function nicks(text, nick) {
  /** @type {NameFound[]} */
  const found = [];
  if (!nick) return found;
  const [hay, needle] = [text.toLowerCase(), nick.toLowerCase()];
  if (hay.length !== text.length) return found; // positions would differ
  for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + 1)) {
    const [before, after] = [text[at - 1] ?? " ", text[at + nick.length] ?? " "];
    if (!WORD.test(before) && !WORD.test(after)) {
      found.push({ start: at, end: at + nick.length, kind: "nick" });
    }
  }
  return found;
}

/**
 * @param {string} text
 * @param {string} types
 * @returns {NameFound[]}
 */
function channels(text, types) {
  /** @type {NameFound[]} */
  const found = [];
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? "";
    if (!types.includes(sign) || !CHANNEL_START.test(text[at - 1] ?? " ")) continue;
    CHANNEL.lastIndex = at + 1;
    const name = balanced(CHANNEL.exec(text)?.[0] ?? "");
    // `#1` is an item of a list, not a channel.
    if (name && !/^\d+$/u.test(name))
      found.push({ start: at, end: at + 1 + name.length, kind: "channel" });
  }
  return found;
}
