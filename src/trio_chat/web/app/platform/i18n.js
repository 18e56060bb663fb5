/**
 * Translations of the page's texts, as in gettext. The source text in English is the key, and the
 * catalogue is the compiled form of `locale/<language>.po`.
 *
 * Plural forms are chosen by `Intl.PluralRules`; the catalogue says which form each category has.
 */

import { fileAddress } from "./files.js";
import { signal } from "../../vendor/signals-core.js";

/**
 * @typedef {object} Catalogue
 * @property {string} language
 * @property {Record<string, number>} plurals Number of the form, by category of plurals.
 * @property {Record<string, string|string[]>} texts
 */

/** Languages that the page has, each in its own name. */
export const LANGUAGES = Object.freeze({ en: "English", ru: "Русский" });

/** The language in use. */
export const language = signal("en");

/** @type {Catalogue} */
const ENGLISH = { language: "en", plurals: {}, texts: {} };
let catalogue = ENGLISH;
let rules = new Intl.PluralRules("en");

/**
 * Return the translation of a text.
 * @param {string} text May contain `{name}`.
 * @param {Record<string, string|number>} [values] For the names in braces.
 * @returns {string}
 */
export function _(text, values) {
  const found = catalogue.texts[text];
  return filled(typeof found === "string" ? found : text, values);
}

/**
 * Return the translation of a text that depends on a number, which it calls `{count}`.
 * @param {string} one
 * @param {string} many
 * @param {number} count
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function plural(one, many, count, values) {
  const forms = catalogue.texts[one];
  const form = Array.isArray(forms)
    ? forms[catalogue.plurals[rules.select(count)] ?? 0]
    : undefined;
  return filled(form ?? (count === 1 ? one : many), {
    count,
    ...values,
  });
}

/**
 * Return a number as the language of the page writes it.
 * @param {number} value
 */
export function numberText(value) {
  return value.toLocaleString(language.value);
}

/**
 * Mark a text for translation where it is only stored.
 * @param {string} text
 */
export function N_(text) {
  return text;
}

/**
 * @param {string} text
 * @param {Record<string, string|number>} [values]
 */
function filled(text, values) {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/gu, (braces, name) => {
    const value = values[name] ?? braces;
    return typeof value === "number" ? numberText(value) : value;
  });
}

/**
 * Return the language of the page for a setting.
 * @param {string} wanted "" follows the browser.
 * @param {readonly string[]} preferred Languages of the browser, the most wanted first.
 */
export function chosenLanguage(wanted, preferred) {
  for (const name of wanted ? [wanted] : preferred) {
    const base = name.toLowerCase().split("-")[0] ?? "";
    if (base in LANGUAGES) return base;
  }
  return "en";
}

/**
 * Return the locale of dates and numbers in a language of the page: the one that the browser names,
 * which has the region, or else the language with the clock of the browser's first locale.
 * @param {string} name
 * @param {readonly string[]} preferred Locales of the browser, the most wanted first.
 */
export function localeOf(name, preferred) {
  const same = preferred.find((each) => each.toLowerCase().split("-")[0] === name);
  const [first] = preferred;
  if (same || !first) return same ?? name;
  const { hourCycle } = new Intl.DateTimeFormat(first, { hour: "numeric" }).resolvedOptions();
  return `${name}-u-hc-${hourCycle}`;
}

/**
 * Load a language. When its catalogue cannot be had, the page stays as it is.
 * @param {string} wanted "" follows the browser.
 */
export async function setLanguage(wanted) {
  const name = chosenLanguage(wanted, navigator.languages);
  if (name === catalogue.language) return;
  const loaded = name === "en" ? ENGLISH : await load(name);
  if (loaded) install(loaded);
  document.documentElement.lang = language.value;
}

/**
 * Use a catalogue.
 * @param {Catalogue} loaded
 */
export function install(loaded) {
  catalogue = loaded;
  rules = new Intl.PluralRules(loaded.language);
  language.value = loaded.language;
}

/**
 * Use further texts: those of a part of the page that is loaded later.
 * @param {Catalogue} loaded
 */
export function addTexts(loaded) {
  if (loaded.language === catalogue.language) Object.assign(catalogue.texts, loaded.texts);
}

/**
 * Load a catalogue; null when it cannot be had.
 * @param {string} name That of the language, or of a part with it: `admin/ru`.
 * @returns {Promise<Catalogue|null>}
 */
export async function load(name) {
  try {
    const response = await fetch(fileAddress(`locale/${name}.json`));
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
