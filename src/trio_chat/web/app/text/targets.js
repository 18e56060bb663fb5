/**
 * Targets of links: which are harmless, and which are files of the page's own server. Profiles need
 * them before any text is shown, so they are not with what finds links in texts.
 */
import { plainName } from "./formatting.js";

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

/**
 * Return a text with the names of files in place of their addresses, which nobody reads or hears.
 * @param {string} text
 * @param {string} origin
 */
export function withFileNames(text, origin) {
  return text.replace(/https?:\/\/\S+/gu, (url) => plainName(uploadedFile(url, origin)?.name ?? url));
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
