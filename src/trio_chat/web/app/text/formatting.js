/**
 * mIRC formatting codes (Modern IRC, "Formatting") of one line, as spans with a style.
 *
 * Codes that are incomplete, and colours that do not exist, are dropped. The 83 colours from 16 on
 * become the nearest of the 16 basic ones, for which each theme has readable shades.
 */

/**
 * @typedef {object} Style
 * @property {boolean} [bold]
 * @property {boolean} [italic]
 * @property {boolean} [underline]
 * @property {boolean} [strike]
 * @property {boolean} [mono]
 * @property {boolean} [reverse]
 * @property {number} [fg] One of the 16 basic colours.
 * @property {number} [bg]
 */

/**
 * @typedef {object} Span
 * @property {string} text
 * @property {Style} style
 */

const CODE =
  /\x03(?:(\d{1,2})(?:,(\d{1,2}))?)?|\x04(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?|[\x02\x0f\x11\x16\x1d-\x1f]/giu;
/** @type {Record<string, "bold"|"italic"|"underline"|"strike"|"mono"|"reverse">} */
const TOGGLES = {
  "\x02": "bold",
  "\x1d": "italic",
  "\x1f": "underline",
  "\x1e": "strike",
  "\x11": "mono",
  "\x16": "reverse",
};
/** The basic colours nearest to the columns of the colours from 16 to 87. */
const AS_BASIC = [5, 7, 8, 9, 3, 10, 10, 11, 12, 2, 6, 13];
const GREY = 14;

/** @type {Style} */
const PLAIN = Object.freeze({});

// Other control characters have no glyph; embeddings and overrides (UAX #9) would reorder what
// stands after them.
const INVISIBLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/gu;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const SPACES = /\s+/gu;

/**
 * Return the spans of a line.
 * @param {string} text
 * @returns {Span[]}
 */
export function spans(text) {
  /** @type {Span[]} */
  const found = [];
  let style = PLAIN;
  let position = 0;
  for (const code of text.matchAll(CODE)) {
    push(found, text.slice(position, code.index), style);
    position = code.index + code[0].length;
    style = changed(style, code);
  }
  push(found, text.slice(position), style);
  return found;
}

/**
 * Return a text without its codes and without characters that have no glyph.
 * @param {string} text
 */
export function plain(text) {
  return text.replace(CODE, "").replace(INVISIBLE, "");
}

/**
 * Return a name (a nickname, a file) that cannot reorder the text around it.
 * @param {string} text
 */
export function plainName(text) {
  return plain(text).replace(BIDI, "").replace(SPACES, " ");
}

/**
 * @param {Span[]} found
 * @param {string} text
 * @param {Style} style
 */
function push(found, text, style) {
  const visible = text.replace(INVISIBLE, "");
  if (visible) found.push({ text: visible, style });
}

/**
 * @param {Style} style
 * @param {RegExpMatchArray} code
 * @returns {Style}
 */
function changed(style, code) {
  const sign = code[0][0] ?? "";
  if (sign === "\x0f") return PLAIN;
  if (sign === "\x03") {
    const { fg: _fg, bg, ...rest } = style;
    if (code[1] === undefined) return rest;
    return {
      ...rest,
      ...entry("fg", basic(Number(code[1]))),
      ...entry("bg", code[2] === undefined ? bg : basic(Number(code[2]))),
    };
  }
  const toggle = TOGGLES[sign];
  if (!toggle) return style;
  const { [toggle]: wasSet, ...rest } = style;
  return wasSet ? rest : { ...style, [toggle]: true };
}

/**
 * @param {"fg"|"bg"} key
 * @param {number|undefined} value
 */
function entry(key, value) {
  return value === undefined ? {} : { [key]: value };
}

/**
 * @param {number} colour
 * @returns {number|undefined}
 */
function basic(colour) {
  if (colour < 16) return colour;
  if (colour < 88) return AS_BASIC[(colour - 16) % 12];
  return colour < 99 ? GREY : undefined;
}
