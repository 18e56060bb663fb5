/**
 * Commands of operators of the server, which the page sends as they are typed: what they say is for
 * the server to read. Any other unknown command is refused, as a slip should not leave the page.
 */

/**
 * Which word is the beginning of a text, of the commands that end with one. Of the others that do,
 * the server itself takes further words for parts of it.
 */
const TEXTS = new Map([
  ["KILL", 2],
  ["REPORTS", 3],
  ["SAPART", 3],
  ["WALLOPS", 1],
]);
export const NAMES = new Set([
  ...TEXTS.keys(),
  "DIE",
  "DLINE",
  "FILTER",
  "HELD",
  "KLINE",
  "MAP",
  "RAID",
  "REHASH",
  "SAJOIN",
  "SAMODE",
  "SANICK",
  "UNDLINE",
  "UNKLINE",
]);

/**
 * Return the line that a typed command stands for; "" when it is none of these.
 * @param {string} name
 * @param {string} rest
 */
export function operatorLine(name, rest) {
  const command = name.toUpperCase();
  if (!NAMES.has(command)) return "";
  const before = (TEXTS.get(command) ?? Infinity) - 1;
  const words = rest.trim().split(/\s+/);
  const text = words.slice(before).join(" ");
  if (!text || text.startsWith(":")) return `${name} ${rest}`.trim();
  return [name, ...words.slice(0, before), `:${text}`].join(" ");
}
