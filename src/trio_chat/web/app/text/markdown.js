/**
 * A safe subset of Markdown: bold, italic, struck, code, code blocks and quotes, together with the
 * mIRC codes and links. The result is plain data; `nodes.js` makes elements of it.
 *
 * Delimiters follow CommonMark's flanking rules in a stricter form: the sign before an opening and
 * after a closing one must not be a letter or a digit, so that `2*3*4` and `snake_case_name` stay
 * as they are typed. Between two punctuation marks they are a part of what is drawn or named there,
 * such as `^_^`, `¯\_(ツ)_/¯` and `src/*.py`.
 */

import { spans } from "./formatting.js";
import { links } from "./links.js";

/** @import { Style } from "./formatting.js" */

/**
 * A piece of text with one style.
 * @typedef {object} Inline
 * @property {string} text
 * @property {Style} style
 * @property {boolean} [code]
 * @property {string} [href]
 */

/**
 * @typedef {{type: "paragraph", lines: Inline[][]}
 *   | {type: "quote", lines: Inline[][]}
 *   | {type: "code", text: string, language: string}} Block
 */

/** @typedef {{text: string, style: Style, code?: boolean, href?: string, delimiter?: Delimiter}} Token */
/** @typedef {{sign: string, opens: boolean, closes: boolean}} Delimiter */

const FENCE = /^\s{0,3}(`{3,}|~{3,})\s*([\w+#.-]*)\s*$/u;
const QUOTE = /^\s{0,3}> ?/u;
/** As in CommonMark, between two equal runs; only a whole run opens, so no run is tried twice. */
const CODE_SPAN = /(?<!`)(`+)(?!`)([^`]|[^`].*?[^`])\1(?!`)/gu;
/** A delimiter, or a face. */
const SIGN = /\*_+\*|\*\*|__|~~|\*|_/gu;
const WORD = /[\p{L}\p{N}]/u;
const SPACE = /\s/u;
/** What stands between words, or is another delimiter. */
const APART = /[\s*_~]/u;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const AFTER_PHRASE = /^(?:[\p{Pe}\p{Pf},;:!?"']|\.(?![\p{L}\p{N}]))/u;
const SPECIAL = /[`*_~]/u;
/** @type {Record<string, "bold"|"italic"|"strike">} */
const STYLES = { "**": "bold", __: "bold", "*": "italic", _: "italic", "~~": "strike" };
const MOST_TOKENS = 2000;

/**
 * Return the blocks of a message.
 * @param {string} text With "\n" between lines.
 * @returns {Block[]}
 */
export function blocks(text) {
  /** @type {Block[]} */
  const found = [];
  const lines = text.split("\n");
  for (let number = 0; number < lines.length; number++) {
    const line = lines[number] ?? "";
    const end = fenceEnd(lines, number);
    if (end > number) {
      const language = FENCE.exec(line)?.[2] ?? "";
      found.push({ type: "code", text: lines.slice(number + 1, end).join("\n"), language });
      number = end;
      continue;
    }
    const quoted = QUOTE.test(line) && line.trim() !== ">";
    addLine(
      found,
      quoted ? "quote" : "paragraph",
      inlines(quoted ? line.replace(QUOTE, "") : line),
    );
  }
  return found;
}

/**
 * Return the number of the line that closes the code block, `start` when none is opened or closed.
 * @param {string[]} lines
 * @param {number} start
 */
function fenceEnd(lines, start) {
  const fence = FENCE.exec(lines[start] ?? "")?.[1];
  if (!fence) return start;
  for (let number = start + 1; number < lines.length; number++) {
    const line = (lines[number] ?? "").trim();
    if (line.startsWith(fence) && line === fence.charAt(0).repeat(line.length)) return number;
  }
  return start;
}

/**
 * @param {Block[]} found
 * @param {"quote"|"paragraph"} type
 * @param {Inline[]} line
 */
function addLine(found, type, line) {
  const last = found.at(-1);
  if (last?.type === type) last.lines.push(line);
  else found.push({ type, lines: [line] });
}

/**
 * Return the pieces of one line.
 * @param {string} line
 * @returns {Inline[]}
 */
export function inlines(line) {
  const tokens = spans(line).flatMap(({ text, style }) => withCode(text, style));
  if (tokens.length <= MOST_TOKENS) emphasise(tokens);
  return joined(tokens);
}

/**
 * Return the pieces of one line whose stars and underscores are what they are: those of names and
 * masks, in what the page itself says.
 * @param {string} line
 * @returns {Inline[]}
 */
export function literal(line) {
  return joined(spans(line).flatMap(({ text, style }) => withLinks(text, style, whole)));
}

/**
 * @param {string} text
 * @param {Style} style
 * @returns {Token[]}
 */
function withCode(text, style) {
  /** @type {Token[]} */
  const found = [];
  let position = 0;
  if (text.includes("`")) {
    for (const code of text.matchAll(CODE_SPAN)) {
      found.push(...withLinks(text.slice(position, code.index), style));
      found.push({ text: trimmedCode(code[2] ?? ""), style, code: true });
      position = code.index + code[0].length;
    }
  }
  found.push(...withLinks(text.slice(position), style));
  return found;
}

/** @param {string} code */
function trimmedCode(code) {
  return /^ .*[^ ].* $|^ [^ ] $/u.test(code) ? code.slice(1, -1) : code;
}

/**
 * @param {string} text
 * @param {Style} style
 * @param {typeof withDelimiters} [divide] What is done with the text between links.
 * @returns {Token[]}
 */
function withLinks(text, style, divide = withDelimiters) {
  /** @type {Token[]} */
  const found = [];
  let position = 0;
  for (const { start, end, href } of links(text)) {
    found.push(...divide(text, position, start, style));
    found.push({ text: text.slice(start, end), style, href });
    position = end;
  }
  found.push(...divide(text, position, text.length, style));
  return found;
}

/**
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {Style} style
 * @returns {Token[]}
 */
function whole(text, start, end, style) {
  return [{ text: text.slice(start, end), style }];
}

/**
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {Style} style
 * @returns {Token[]}
 */
function withDelimiters(text, start, end, style) {
  const part = text.slice(start, end);
  if (!part) return [];
  if (!SPECIAL.test(part)) return [{ text: part, style }];
  /** @type {Token[]} */
  const found = [];
  let position = start;
  for (const match of part.matchAll(SIGN)) {
    const at = start + match.index;
    const behind = at + match[0].length;
    const [opens, closes] = flanks(text[at - 1] ?? " ", text.slice(behind, behind + 2) || " ");
    if (!(opens || closes) || !STYLES[match[0]]) continue;
    if (at > position) found.push({ text: text.slice(position, at), style });
    found.push({ text: match[0], style, delimiter: { sign: match[0], opens, closes } });
    position = behind;
  }
  if (position < end) found.push({ text: text.slice(position, end), style });
  return found;
}

/**
 * Return whether a delimiter may open, and whether it may close.
 * @param {string} before The sign in front of it.
 * @param {string} behind The two signs behind it.
 * @returns {[boolean, boolean]}
 */
function flanks(before, behind) {
  const after = behind.charAt(0);
  return [
    !SPACE.test(after) &&
      !WORD.test(before) &&
      (APART.test(before) || APART.test(after) || !PUNCTUATION.test(after)),
    !SPACE.test(before) &&
      !WORD.test(after) &&
      (APART.test(after) ||
        APART.test(before) ||
        !PUNCTUATION.test(before) ||
        AFTER_PHRASE.test(behind)),
  ];
}

/**
 * Apply each pair of delimiters to the tokens between them, and remove the pair.
 * @param {Token[]} tokens
 */
function emphasise(tokens) {
  /** @type {number[]} */
  const opened = [];
  tokens.forEach((_, number) => {
    untangle(tokens, number, opened.at(-1));
    const delimiter = tokens[number]?.delimiter;
    if (!delimiter) return;
    const match = delimiter.closes
      ? opened.findLastIndex((start) => tokens[start]?.delimiter?.sign === delimiter.sign)
      : -1;
    const start = opened[match];
    if (start !== undefined && number > start + 1) {
      apply(tokens, start, number, delimiter.sign);
      opened.length = match;
    } else if (delimiter.opens) {
      opened.push(number);
    }
  });
}

/**
 * Let the last of three stars close first, as the last of three has opened last.
 * @param {Token[]} tokens
 * @param {number} number
 * @param {number|undefined} opened The newest delimiter that is open.
 */
function untangle(tokens, number, opened) {
  const [one, two] = tokens.slice(number, number + 2);
  const last = tokens[opened ?? -1]?.delimiter?.sign;
  if (last && one?.delimiter?.closes && one.text === last + last && two?.text === last) {
    tokens.splice(number, 2, two, one);
  }
}

/**
 * @param {Token[]} tokens
 * @param {number} start
 * @param {number} end
 * @param {string} sign
 */
function apply(tokens, start, end, sign) {
  const style = STYLES[sign];
  for (const [number, token] of tokens.entries()) {
    if (number === start || number === end) token.text = "";
    if (style && number > start && number < end) token.style = { ...token.style, [style]: true };
  }
}

/**
 * Join neighbours of the same style.
 * @param {Token[]} tokens
 * @returns {Inline[]}
 */
function joined(tokens) {
  /** @type {Inline[]} */
  const found = [];
  for (const { text, style, code, href } of tokens) {
    const last = found.at(-1);
    if (!text) continue;
    if (last && !code && !href && !last.code && !last.href && isSame(last.style, style)) {
      last.text += text;
    } else {
      found.push({ text, style, ...(code && { code }), ...(href && { href }) });
    }
  }
  return found;
}

/**
 * @param {Style} one
 * @param {Style} other
 */
function isSame(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
