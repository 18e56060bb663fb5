/** Formatting codes of IRC (modern.ircdocs.horse/formatting). */

const CODE =
  /[\x02\x0f\x11\x16\x1d\x1e\x1f]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[\da-f]{6}(?:,[\da-f]{6})?)?/gi;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/;

/**
 * Return a text without formatting codes and control characters.
 * @param {string} text
 */
export function stripFormatting(text) {
  if (!CONTROL.test(text)) return text;
  return text.replace(CODE, "").replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
}
