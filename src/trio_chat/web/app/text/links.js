/**
 * Links in a text, kept only when their target is harmless. The browser's own `URL` decides what an
 * address is; this finds where it begins and ends.
 *
 * Names of files such as `main.py` are not taken for hosts: without a scheme, a name is a link when
 * it begins with `www.`, has one of the old top-level domains, or has a path.
 */

import { safeHref } from "./targets.js";

/**
 * @typedef {object} Link
 * @property {number} start
 * @property {number} end
 * @property {string} href
 */

const HINT = /:|\.|@/u;

const LETTER = "\\p{L}\\p{M}\\p{N}";
/** Quotation marks, and punctuation of languages that put no space behind it, end an address. */
const END =
  '\\s<>"`\\u00ab\\u00bb\\u201c-\\u201e\\u3001\\u3002\\u3008-\\u3011\\uff01\\uff08\\uff09\\uff0c\\uff1b\\uff1f\\uff5c';
const PATH = `[/?#](?:(?![,;]\\w{3,6}://)[^${END}])*`;
const HOST = `(?:[${LETTER}-]{1,63}\\.){1,9}\\p{L}[${LETTER}-]{1,62}`;
const CANDIDATE = new RegExp(
  // Letters without case are of languages that put no space before an address.
  "(?<before>^|[^\\p{Lu}\\p{Ll}\\p{M}\\p{N}_])(?:" +
    `(?<full>(?:https?|ftp|ircs?|gemini)://[${LETTER}[][${LETTER}._~%:@[\\]+&=$!-]*(?:${PATH})?)` +
    `|(?<mail>(?:mailto:|xmpp:)?[\\w.+-]{1,64}@${HOST})` +
    `|(?<host>${HOST}(?::\\d{1,5})?(?:${PATH})?))`,
  "giu",
);
const OLD_DOMAIN = "com|org|net|edu|gov|info|biz|рф";
const SHORT_DOMAIN = "[a-z]{2}|app|chat|dev|name|page|pro|shop|wiki";
const PLAIN_HOST = new RegExp(
  `^www\\.|^[^:/?#]+\\.(?:(?:${OLD_DOMAIN})(?:[:/?#]|$)|(?:${SHORT_DOMAIN})(?::\\d+)?/.)`,
  "iu",
);
const SENTENCE_END = /[.,;:!?'([{*_~\u2026]+$/u;
/** @type {Record<string, string>} */
const BRACKETS = { ")": "(", "]": "[", "}": "{" };

/**
 * Return the links of a text, in order.
 * @param {string} text
 * @returns {Link[]}
 */
export function links(text) {
  if (!HINT.test(text)) return [];
  /** @type {Link[]} */
  const found = [];
  for (const { index, groups } of text.matchAll(CANDIDATE)) {
    const { before = "", full = "", mail = "", host = "" } = groups ?? {};
    const start = index + before.length;
    const raw = trimmed(full || mail || host);
    const url = full ? raw : mail ? mailAddress(raw, before) : hostAddress(raw, before);
    const end = start + raw.length;
    // What follows shows that this was the name of a user.
    const href = text[end] === "@" ? "" : safeHref(url);
    if (href) found.push({ start, end, href });
  }
  return found;
}

/**
 * @param {string} raw
 * @param {string} before
 */
function mailAddress(raw, before) {
  if (/^(?:mailto|xmpp):/iu.test(raw)) return raw;
  // In `nick!user@host` it is none, nor with the host that hides the address of a user.
  return !/\.ip$/iu.test(raw) && /^[\s<("'[]?$/u.test(before) ? `mailto:${raw}` : "";
}

/**
 * @param {string} raw
 * @param {string} before
 */
function hostAddress(raw, before) {
  return !/[.:/@-]/u.test(before) && PLAIN_HOST.test(raw) ? `http://${raw}` : "";
}

/**
 * Return an address without the punctuation of the sentence, and without what follows a bracket that
 * was opened before it.
 * @param {string} raw
 */
function trimmed(raw) {
  return balanced(raw).replace(SENTENCE_END, "");
}

/**
 * Return a name or an address without what follows a bracket that was opened before it.
 * @param {string} raw
 */
export function balanced(raw) {
  /** @type {string[]} */
  const opened = [];
  let end = 0;
  for (; end < raw.length; end++) {
    const sign = raw.charAt(end);
    const opening = BRACKETS[sign];
    if (opening && opened.pop() !== opening) break;
    if (sign === "(" || sign === "[" || sign === "{") opened.push(sign);
  }
  return raw.slice(0, end);
}
