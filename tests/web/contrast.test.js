/** Contrast of the themes: each colour of text on the backgrounds that it stands on (WCAG 1.4.3). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(
  new URL("../../src/trio_chat/web/style/tokens.css", import.meta.url),
  "utf8",
);
const LEAST = 4.5;

/**
 * Return the colours of a block in one theme.
 * @param {string} block
 * @param {1|2} side 1 for the light theme, 2 for the dark one.
 * @returns {Record<string, string>}
 */
function tokens(block, side) {
  const pattern = /(--[\w-]+):\s*(?:light-dark\((#\w+), (#\w+)\)|(#\w+));/gu;
  return Object.fromEntries(
    [...block.matchAll(pattern)].map((found) => [found[1], found[1 + side] ?? found[4]]),
  );
}

/**
 * Return what is between the braces of a rule.
 * @param {string} selector
 */
function blockOf(selector) {
  const start = css.indexOf(`${selector} {`);
  assert.ok(start >= 0, selector);
  return css.slice(start, css.indexOf("}", start));
}

/** @param {string} colour */
function luminance(colour) {
  assert.match(colour, /^#[0-9a-f]{6}$/u);
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {string} one
 * @param {string} other
 */
function contrast(one, other) {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const root = blockOf(":root");
const contrasty = blockOf("prefers-contrast: more) {\n  :root");
const [light, dark] = [tokens(root, 1), tokens(root, 2)];
const themes = {
  light,
  dark,
  "light with more contrast": { ...light, ...tokens(contrasty, 1) },
  "dark with more contrast": { ...dark, ...tokens(contrasty, 2) },
};
const numbered = (/** @type {string} */ letter, /** @type {number} */ count) =>
  Array.from({ length: count }, (_unused, number) => `--${letter}${number}`);

/** Text colours with the backgrounds that they stand on. */
const PAIRS = [
  [
    ["--text", "--text-2", "--text-3"],
    ["--bg", "--bg-side", "--bg-raised", "--bg-hover", "--bg-sunken", "--bg-item-hover"],
  ],
  [["--text"], ["--bg-item", "--mention-bg", "--accent-soft"]],
  [["--text-2"], ["--mention-bg", "--bg-item", "--danger-soft"]],
  [
    ["--accent-text", "--danger"],
    ["--bg", "--bg-side", "--bg-raised", "--bg-hover"],
  ],
  [["--accent-text"], ["--accent-soft", "--mention-bg"]],
  [["--danger"], ["--danger-soft"]],
  [["--on-accent"], ["--accent", "--accent-strong"]],
  [["--mention-text"], ["--mention-bg"]],
  [["--bg"], ["--unread", "--text-3"]],
  [numbered("n", 24), ["--bg", "--bg-side", "--bg-hover", "--mention-bg"]],
  [numbered("c", 16), ["--bg"]],
];

for (const [theme, values] of Object.entries(themes)) {
  test(`text is readable in the theme ${theme}`, () => {
    const poor = [];
    for (const [texts = [], backgrounds = []] of PAIRS) {
      for (const text of texts) {
        for (const background of backgrounds) {
          const found = contrast(values[text] ?? "", values[background] ?? "");
          if (found < LEAST) poor.push(`${text} on ${background}: ${found.toFixed(2)}`);
        }
      }
    }
    assert.deepEqual(poor, []);
  });
}
