/** Mentions: messages that contain the nickname, or a word of the user's choice, as whole words. */
import { stripFormatting } from "../irc/formatting.js";

/**
 * Return a function that says whether a text mentions the user.
 * @param {string} nick
 * @param {readonly string[]} words
 * @returns {(text: string) => boolean}
 */
export function mentionTest(nick, words) {
  const all = [nick, ...words].filter(Boolean).map(escape);
  if (!all.length) return () => false;
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${all.join("|")})(?![\\p{L}\\p{N}_-])`, "iu");
  return (text) => pattern.test(stripFormatting(text));
}

/** @param {string} word */
function escape(word) {
  return word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
