/**
 * Long messages, divided so that the server refuses nothing.
 *
 * A server relays a message with `:nick!user@host ` in front of it, and the whole line has at most
 * 510 bytes. So the room for text depends on the source, not only on the line that is sent.
 */
import { MAX_BODY, byteLength } from "./message.js";

const MIN_ROOM = 16;

/**
 * Return how many bytes of text fit into one relayed line.
 * @param {string} source `nick!user@host` of this client as others see it.
 * @param {string} target
 * @param {string} command
 */
export function roomForText(source, target, command) {
  return Math.max(MAX_BODY - byteLength(`:${source} ${command} ${target} :`), MIN_ROOM);
}

/**
 * Return a text in pieces of at most `room` bytes. It is divided behind the last space that fits;
 * without a space, between two characters as the user sees them. The pieces together are the text.
 * @param {string} text
 * @param {number} room
 * @returns {string[]}
 */
export function pieces(text, room) {
  const found = [];
  let rest = text;
  while (byteLength(rest) > room) {
    const part = head(rest, room);
    const space = part.lastIndexOf(" ");
    const piece = space > 0 ? part.slice(0, space + 1) : part;
    found.push(piece);
    rest = rest.slice(piece.length);
  }
  return [...found, rest];
}

/**
 * Return the beginning of a text that has at most `room` bytes; at least one character.
 * @param {string} text
 * @param {number} room
 */
function head(text, room) {
  let size = 0;
  let end = 0;
  for (const char of graphemes(text.slice(0, room))) {
    size += byteLength(char);
    if (size > room) break;
    end += char.length;
  }
  if (end) return text.slice(0, end);
  // A single grapheme is longer than a line: divide between its code points.
  for (const char of text) {
    end += char.length;
    if (byteLength(text.slice(0, end)) > room) return text.slice(0, Math.max(end - char.length, 1));
  }
  return text;
}

/**
 * @param {string} text
 * @returns {Iterable<string>}
 */
function graphemes(text) {
  if (typeof Intl.Segmenter !== "function") return text;
  return (function* () {
    for (const each of new Intl.Segmenter().segment(text)) yield each.segment;
  })();
}

/**
 * @typedef {object} Line One line of a message.
 * @property {string} text
 * @property {boolean} concat Whether it continues the line before (`draft/multiline-concat`).
 */

/**
 * Return the lines that carry a message.
 * @param {string} text
 * @param {number} room
 * @returns {Line[]}
 */
export function messageLines(text, room) {
  return text
    .split("\n")
    .flatMap((line) =>
      pieces(line, room).map((piece, index) => ({ text: piece, concat: index > 0 })),
    );
}

/**
 * Divide lines into messages of several lines that keep the limits of `draft/multiline`. A line
 * that continues another one may begin a message.
 * @param {readonly Line[]} lines
 * @param {number} mostLines
 * @param {number} mostBytes 0 for no limit.
 * @returns {Line[][]}
 */
export function batches(lines, mostLines, mostBytes) {
  /** @type {Line[][]} */
  const found = [];
  let size = 0;
  for (const line of lines) {
    const bytes = byteLength(line.text) + 1;
    const last = found.at(-1);
    if (last && last.length < mostLines && (!mostBytes || size + bytes <= mostBytes)) {
      last.push(line);
      size += bytes;
    } else {
      found.push([{ ...line, concat: false }]);
      size = bytes;
    }
  }
  return found;
}
