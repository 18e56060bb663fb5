/** Lengths as the server counts them. */

import { byteLength } from "../irc/message.js";
import { _ } from "../platform/i18n.js";

/**
 * Return why a text is too long; "" if it is not. The server would cut it without a word.
 * @param {string} text
 * @param {number} most Bytes; 0 for any number.
 */
export function tooLong(text, most) {
  const count = byteLength(text);
  return most && count > most
    ? _("That is too long: it has {count} bytes, and the server keeps {most}.", { count, most })
    : "";
}
