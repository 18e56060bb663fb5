/**
 * Links in a text, kept only when their target is harmless. The browser's own `URL` decides what an
 * address is; this finds where it begins and ends.
 *
 * Names of files such as `main.py` are not taken for hosts: without a scheme, a name is a link when
 * it begins with `www.`, has one of the old top-level domains, or has a path.
 */

/**
 * @typedef {object} Link
 * @property {number} start
 * @property {number} end
 * @property {string} href
 */

const SCHEMES = new Set([
  "http:",
  "https:",
  "ftp:",
  "irc:",
  "ircs:",
  "mailto:",
  "xmpp:",
  "gemini:",
]);
const LONGEST = 2000;
// Marks and overrides of direction (UAX #9), and spaces without width, would disguise a target.
const DISGUISE = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
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
  /** @type {string[]} */
  const opened = [];
  let end = 0;
  for (; end < raw.length; end++) {
    const sign = raw.charAt(end);
    const opening = BRACKETS[sign];
    if (opening && opened.pop() !== opening) break;
    if (sign === "(" || sign === "[" || sign === "{") opened.push(sign);
  }
  return raw.slice(0, end).replace(SENTENCE_END, "");
}

/**
 * Return the target of a link, "" when it must not be followed.
 * @param {string} url
 */
export function safeHref(url) {
  if (url.length > LONGEST || DISGUISE.test(url)) return "";
  const target = parsed(url);
  return target && SCHEMES.has(target.protocol) ? target.href : "";
}

/**
 * @typedef {object} UploadedFile
 * @property {string} href
 * @property {string} name
 * @property {boolean} certain Whether the link names this server as the page does. Others reach it
 *   under other names, and their links have those.
 * @property {boolean} image Whether the page shows it; the name decides, and the server's type
 *   decides what the browser makes of it.
 */

/** The random part of an address: 16 bytes in base64url. */
const TOKEN = /^[\w-]{22}$/u;
const IMAGE = /\.(?:png|jpe?g|gif|webp|avif|bmp)$/iu;

/**
 * Return the file that a link names if it is an upload on the page's own server, else null.
 * @param {string} href
 * @param {string} origin Of the page.
 * @returns {UploadedFile|null}
 */
export function uploadedFile(href, origin) {
  const url = parsed(href);
  // A link may have been sent while the server was reached by another scheme.
  if (!url || !/^https?:$/u.test(url.protocol)) return null;
  const parts = /^\/file\/([^/]+)\/([^/]+)$/u.exec(url.pathname);
  const certain = url.host === new URL(origin).host;
  if (!parts || !(certain || TOKEN.test(parts[1] ?? ""))) return null;
  const path = `${url.pathname}${url.search}`;
  const name = decoded(parts[2] ?? "");
  return { href: new URL(path, origin).href, name, certain, image: IMAGE.test(name) };
}

/** @param {string} url */
function parsed(url) {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
