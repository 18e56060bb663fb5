/**
 * Lines of IRC (RFC 1459 §2.3.1) with message tags (IRCv3 `message-tags`): parsing and writing.
 *
 * A WebSocket message of `text.ircv3.net` is one line without CR LF.
 */

/** Bytes of a line without its tags and CR LF. */
export const MAX_BODY = 510;
/** Bytes of the tags that a client may send, without `@` and the space. */
const MAX_TAGS = 4094;

/**
 * @typedef {object} Message
 * @property {Map<string, string>} tags Without duplicates; a tag without a value has "".
 * @property {string} source `nick!user@host`, or the name of a server; "" for none.
 * @property {string} nick The source up to its `!` or `@`.
 * @property {string} command In upper case.
 * @property {string[]} params
 */

/** @type {Map<string, string>} */
const NO_TAGS = new Map();
const UNESCAPED = /** @type {Record<string, string>} */ ({ ":": ";", s: " ", r: "\r", n: "\n" });
const ESCAPED = /** @type {Record<string, string>} */ ({
  ";": "\\:",
  " ": "\\s",
  "\\": "\\\\",
  "\r": "\\r",
  "\n": "\\n",
});
const encoder = new TextEncoder();

/**
 * Parse a line; null when it has no command.
 * @param {string} line
 * @returns {Message|null}
 */
export function parse(line) {
  const end = line.search(/[\r\n]/);
  let rest = end < 0 ? line : line.slice(0, end);
  let tags = NO_TAGS;
  if (rest.startsWith("@")) {
    const [word, after] = cut(rest.slice(1));
    tags = parseTags(word);
    rest = after;
  }
  let source = "";
  rest = rest.replace(/^ +/, "");
  if (rest.startsWith(":")) [source, rest] = cut(rest.slice(1));
  const params = parseParams(rest);
  const command = params.shift();
  if (!command) return null;
  return { tags, source, nick: nickOf(source), command: command.toUpperCase(), params };
}

/**
 * Parse tags without the `@`.
 * @param {string} text
 * @returns {Map<string, string>}
 */
function parseTags(text) {
  const tags = new Map();
  for (const item of text.split(";")) {
    const at = item.indexOf("=");
    const key = at < 0 ? item : item.slice(0, at);
    if (key) tags.set(key, at < 0 ? "" : unescapeTag(item.slice(at + 1)));
  }
  return tags;
}

/**
 * Write a line. Tags without a value are written without `=`.
 * @param {string} command
 * @param {readonly string[]} [params]
 * @param {Iterable<readonly [string, string]>} [tags]
 * @returns {string}
 * @throws {RangeError} A parameter cannot be written, or the line is too long.
 */
export function format(command, params = [], tags = []) {
  const words = params.map((param, index) => {
    const isLast = index === params.length - 1;
    if (/[\r\n\0]/.test(param)) throw new RangeError("a parameter has a line end");
    if (isLast && (param === "" || param.startsWith(":") || param.includes(" ")))
      return `:${param}`;
    if (param === "" || param.startsWith(":") || param.includes(" ")) {
      throw new RangeError("only the last parameter may be empty, or have a space or colon");
    }
    return param;
  });
  const body = [command, ...words].join(" ");
  if (byteLength(body) > MAX_BODY) throw new RangeError("the line is too long");
  const items = [...tags].map(([key, value]) => (value ? `${key}=${escapeTag(value)}` : key));
  if (!items.length) return body;
  const prefix = items.join(";");
  if (byteLength(prefix) > MAX_TAGS) throw new RangeError("the tags are too long");
  return `@${prefix} ${body}`;
}

/**
 * Return the number of bytes of a text in UTF-8.
 * @param {string} text
 */
export function byteLength(text) {
  return encoder.encode(text).length;
}

/**
 * Return the nickname of a source.
 * @param {string} source
 */
export function nickOf(source) {
  const end = source.search(/[!@]/);
  return end < 0 ? source : source.slice(0, end);
}

/**
 * Return the `user@host` of a source; "" when it has none.
 * @param {string} source
 */
export function hostOf(source) {
  const start = source.indexOf("!");
  return start < 0 ? "" : source.slice(start + 1);
}

/** @param {string} value */
export function escapeTag(value) {
  return value.replace(/[; \\\r\n]/g, (char) => ESCAPED[char] ?? char);
}

/** @param {string} value */
export function unescapeTag(value) {
  if (!value.includes("\\")) return value;
  return value.replace(/\\(.?)/gs, (_whole, char) => UNESCAPED[char] ?? char);
}

/** @param {string} text */
function parseParams(text) {
  const params = [];
  let rest = text.replace(/^ +/, "");
  while (rest) {
    if (rest.startsWith(":") && params.length) {
      params.push(rest.slice(1));
      break;
    }
    const [word, after] = cut(rest);
    params.push(word);
    rest = after.replace(/^ +/, "");
    if (!rest) break;
  }
  return params;
}

/**
 * Return the part of a text before its first space, and the part behind it.
 * @param {string} text
 * @returns {[string, string]}
 */
function cut(text) {
  const space = text.indexOf(" ");
  return space < 0 ? [text, ""] : [text.slice(0, space), text.slice(space + 1)];
}
