/** Texts in the user's language. The source text is the key, as in gettext. */

/** @type {Record<string, string|string[]>} */
let catalogue = {};
/** @type {Intl.PluralRules} */
let plurals = new Intl.PluralRules("en");

/**
 * Use a catalogue: translations by source text; a list of plural forms for texts with a number.
 * @param {string} language
 * @param {Record<string, string|string[]>} texts
 */
export function setCatalogue(language, texts) {
  catalogue = texts;
  plurals = new Intl.PluralRules(language);
}

/**
 * Translate a text and fill in its `{names}`.
 * @param {string} text
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function _(text, values) {
  const found = catalogue[text];
  return fill(typeof found === "string" && found ? found : text, values);
}

/**
 * Translate a text that depends on a number, which is filled in as `{count}`.
 * @param {string} one
 * @param {string} many
 * @param {number} count
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function plural(one, many, count, values = {}) {
  const found = catalogue[one];
  const category = plurals.select(count);
  const forms = ["one", "few", "many", "other"];
  const text = Array.isArray(found)
    ? (found[Math.min(Math.max(forms.indexOf(category), 0), found.length - 1)] ?? many)
    : count === 1
      ? one
      : many;
  return fill(text, { count, ...values });
}

/**
 * Mark a text for translation where it is only stored.
 * @param {string} text
 * @returns {string}
 */
export function N_(text) {
  return text;
}

/**
 * @param {string} text
 * @param {Record<string, string|number>} [values]
 */
function fill(text, values) {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
