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
 * Return the tokens of a block.
 * @param {string} selector
 * @returns {Record<string, string>}
 */
function tokens(selector) {
  const start = css.indexOf(`${selector} {`);
  assert.ok(start >= 0, selector);
  const block = css.slice(start, css.indexOf("}", start));
  return Object.fromEntries(
    [...block.matchAll(/(--[\w-]+):\s*([^;]+);/gu)].map(([, name, value]) => [name, value?.trim()]),
  );
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

const light = tokens(":root");
const dark = { ...light, ...tokens(':root[data-theme="dark"]') };
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

for (const [theme, values] of Object.entries({ light, dark })) {
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

test("the theme of the system has the same dark colours", () => {
  assert.deepEqual(tokens(':root:not([data-theme="light"])'), tokens(':root[data-theme="dark"]'));
});
