/**
 * Elements of a message's text: text nodes and elements with fixed names and classes. Nothing of a
 * message becomes markup, a style or the name of an attribute.
 */

import { h } from "../../vendor/preact.js";
import { fragmentOf } from "../platform/address.js";
import { plain } from "./formatting.js";
import { blocks, inlines, literal } from "./markdown.js";
import { mentions } from "./names.js";
import { uploadedFile } from "./targets.js";

/** @import { ComponentChildren, VNode } from "../../vendor/preact.js" */
/** @import { Inline } from "./markdown.js" */
/** @import { Style } from "./formatting.js" */
/** @import { UploadedFile } from "./targets.js" */

/**
 * @typedef {object} TextOptions
 * @property {string} nick The user's own nickname, which is marked.
 * @property {string} channelTypes First characters of channels, whose names become links.
 * @property {string} origin Of the page: links to its files become cards.
 */

const PLAIN = /^[^\x00-\x1f\x7f-\x9f\u2028-\u202e`*_~:.@#&>]*$/u;
const ONLY_EMOJI =
  /^(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f]|\s){1,40}$/u;
const MOST_JUMBO = 6;

/**
 * Return the text of a message as elements.
 * @param {string} text
 * @param {TextOptions} options
 * @returns {ComponentChildren}
 */
export function textNodes(text, options) {
  if (PLAIN.test(text) && !text.toLowerCase().includes(options.nick.toLowerCase())) return text;
  return blocks(text).map((block) => {
    if (block.type === "code") return codeBlock(block.text, block.language);
    const lines = block.lines.flatMap((line, number) => [
      number ? h("br", null) : null,
      ...line.map((inline) => inlineNode(inline, options)),
    ]);
    return h(block.type === "quote" ? "blockquote" : "span", { dir: "auto" }, lines);
  });
}

/**
 * Return one line as elements, without blocks: a topic, or the text of an event.
 * @param {string} text
 * @param {TextOptions} options
 * @returns {ComponentChildren}
 */
export function lineNodes(text, options) {
  return inlines(text.replaceAll("\n", " ")).map((inline) => inlineNode(inline, options));
}

/**
 * Return what the page itself says as elements, without Markdown: it has names and masks in it.
 * @param {string} text
 * @param {TextOptions} options
 * @returns {ComponentChildren}
 */
export function saidNodes(text, options) {
  return text.split("\n").flatMap((line, number) => [
    number ? h("br", null) : null,
    ...literal(line).map((inline) => inlineNode(inline, options)),
  ]);
}

/**
 * Return whether a text is a few emoji, which are drawn large.
 * @param {string} text
 */
export function isJumbo(text) {
  if (!ONLY_EMOJI.test(text) || !("Segmenter" in Intl)) return false;
  return [...new Intl.Segmenter().segment(text.trim())].length <= MOST_JUMBO;
}

/**
 * Return the files of the page's own server that a text links to.
 * @param {string} text
 * @param {string} origin
 * @returns {UploadedFile[]}
 */
export function filesOf(text, origin) {
  if (!text.includes("/file/")) return [];
  return blocks(text)
    .flatMap((block) => (block.type === "code" ? [] : block.lines.flat()))
    .map(({ href }) => (href ? uploadedFile(href, origin) : null))
    .filter((file) => file !== null);
}

/**
 * Return a text without the lines at its end that are nothing but addresses of files, as the page
 * adds them to a message: the files are shown instead.
 * @param {string} text
 * @param {string} origin
 */
export function withoutFiles(text, origin) {
  const lines = text.trimEnd().split("\n");
  while (uploadedFile(lines.at(-1) ?? "", origin)?.certain) lines.pop();
  return lines.join("\n");
}

/**
 * @param {string} text
 * @param {string} language
 * @returns {VNode}
 */
function codeBlock(text, language) {
  return h(
    "pre",
    { tabIndex: 0, "data-language": language || null },
    h("code", null, plainLines(text)),
  );
}

/** @param {string} text */
function plainLines(text) {
  return text.split("\n").map(plain).join("\n");
}

/**
 * @param {Inline} inline
 * @param {TextOptions} options
 * @returns {ComponentChildren}
 */
function inlineNode({ text, style, code, href }, options) {
  /** @type {ComponentChildren} */
  let node = text;
  if (code) node = h("code", null, text);
  else if (href) node = linkNode(text, href);
  else if (!style.mono) node = withNames(text, options);
  return styled(node, style);
}

/**
 * @param {string} text
 * @param {string} href
 */
function linkNode(text, href) {
  const target = { href, target: "_blank", rel: "noopener noreferrer nofollow" };
  return h("a", { ...target, title: href === text ? null : href, dir: "ltr" }, text);
}

/**
 * @param {string} text
 * @param {TextOptions} options
 * @returns {ComponentChildren}
 */
function withNames(text, options) {
  const found = mentions(text, options.nick, options.channelTypes);
  if (!found.length) return text;
  /** @type {ComponentChildren[]} */
  const nodes = [];
  let position = 0;
  for (const { start, end, kind } of found) {
    const name = text.slice(start, end);
    nodes.push(text.slice(position, start));
    nodes.push(
      kind === "channel"
        ? h("a", { href: `/#${fragmentOf(name)}`, class: "channel-link", "data-channel": name }, name)
        : h("mark", { class: "me" }, name),
    );
    position = end;
  }
  nodes.push(text.slice(position));
  return nodes;
}

/**
 * @param {ComponentChildren} node
 * @param {Style} style
 */
function styled(node, style) {
  if (style.bold) node = h("strong", null, node);
  if (style.italic) node = h("em", null, node);
  if (style.strike) node = h("s", null, node);
  const classes = [
    style.underline ? "underline" : "",
    style.mono ? "mono" : "",
    style.reverse ? "reverse" : "",
    style.fg === undefined ? "" : `${style.bg === undefined ? "fg" : "on fg"}${style.fg}`,
    style.bg === undefined ? "" : `bg${style.bg}`,
  ].filter(Boolean);
  return classes.length ? h("span", { class: classes.join(" ") }, node) : node;
}
