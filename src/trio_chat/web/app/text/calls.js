/**
 * Calls: links to rooms of a video service that people meet in, under an address that the server
 * announces. `trio_chat/irc/calls.py` is the same in Python.
 */

const SIGN = "📞";
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const BASE = new RegExp(
  `^(?:https://${LABEL}(?:\\.${LABEL})*|https?://(?:localhost|127\\.0\\.0\\.1|\\[::1\\]))` +
    "(?::([1-9][0-9]{0,4}))?/(?:(?!\\.\\.?/)[A-Za-z0-9._~-]+/)*$",
  "u",
);
const ROOM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/?$/u;
const RANDOM = /-[a-z2-7]{26}\/?$/u;
/** What separates words: white space, and the codes for colours and styles. */
const SPACE = /[\x00-\x20]+/u;
const LONGEST_BASE = 200;
const LAST_PORT = 65_535;
const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";
const DIGITS_OF_TOKEN = 26;
const LONGEST_LABEL = 24;

/**
 * Return whether rooms can be under an address: https, or http on this machine, with no part that
 * another address could hide in.
 * @param {string} url
 */
export function isBase(url) {
  const found = url.length <= LONGEST_BASE ? BASE.exec(url) : null;
  return found !== null && Number(found[1] ?? 1) <= LAST_PORT;
}

/**
 * Return whether the address of a room has the random part that `newRoom` makes: others may have
 * prepared a room with another name.
 * @param {string} url
 */
export function isSecret(url) {
  return RANDOM.test(url);
}

/**
 * Return whether an address is that of a room: directly under the base, without anything that leads
 * elsewhere.
 * @param {string} base Not "".
 * @param {string} url
 */
export function isRoom(base, url) {
  return url.startsWith(base) && ROOM.test(url.slice(base.length));
}

/**
 * Return the address of the first room in a text; "" if there is none, or no base.
 * @param {string} base
 * @param {string} text
 */
export function roomIn(base, text) {
  if (!base || !text.includes(base)) return "";
  return text.split(SPACE).find((word) => isRoom(base, word)) ?? "";
}

/**
 * Return the address of a new room, which cannot be guessed: 130 random bits.
 * @param {string} base
 * @param {string} channel "" for a private conversation, whose name stays out of it.
 */
export function newRoom(base, channel) {
  const letters = channel.toLowerCase().replace(/[^a-z0-9]+/gu, "-");
  const label = letters.replace(/^-/u, "").slice(0, LONGEST_LABEL).replace(/-$/u, "") || "call";
  const random = crypto.getRandomValues(new Uint8Array(DIGITS_OF_TOKEN));
  return `${base}${label}-${Array.from(random, (byte) => DIGITS[byte % DIGITS.length]).join("")}`;
}

/**
 * Return the message that invites to a room.
 * @param {string} url
 * @param {string} about
 */
export function callMessage(url, about) {
  return [SIGN, about.trim(), url].filter(Boolean).join(" ");
}
