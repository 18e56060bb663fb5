/**
 * Case mappings: functions that fold a name to the form in which names are compared (Modern IRC,
 * CASEMAPPING; UTF8MAPPING for names beyond ASCII).
 *
 * The server folds by PRECIS UsernameCaseMapped (RFC 8265): full-width forms become ordinary
 * characters, letters lower case, and everything NFC. JavaScript has these three steps, but not the
 * tables of the characters that PRECIS refuses. That makes no difference here: the client compares
 * only names that the server has accepted.
 */

/** @typedef {(name: string) => string} Fold */

const ASCII = /^[\0-\x7f]*$/;
// Half-width and full-width forms, and the ideographic space.
const WIDE = /[\uff01-\uffee\u3000]/g;

/** @type {Fold} */
function foldAscii(name) {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** @type {Fold} */
function foldStrict(name) {
  return foldAscii(name).replace(/[[\]\\]/g, (char) => "{}|".charAt("[]\\".indexOf(char)));
}

/** @type {Fold} */
function foldRfc1459(name) {
  return foldStrict(name).replaceAll("~", "^");
}

/** @type {Fold} */
function foldPrecis(name) {
  return name
    .replace(WIDE, (char) => char.normalize("NFKC"))
    .toLowerCase()
    .normalize("NFC");
}

const SIMPLE = new Map([
  ["rfc1459", foldRfc1459],
  ["rfc1459-strict", foldStrict],
  ["strict-rfc1459", foldStrict],
]);

/**
 * Return the fold of a server. An unknown mapping counts as `ascii`.
 * @param {string} casemapping
 * @param {string} [utf8mapping]
 * @returns {Fold}
 */
export function foldFunction(casemapping, utf8mapping = "") {
  const simple = SIMPLE.get(casemapping) ?? foldAscii;
  const precis = [casemapping, utf8mapping].some((name) => /^(rfc7613|rfc8265|precis)$/.test(name));
  return (name) => (precis && !ASCII.test(name) ? foldPrecis(name) : simple(name));
}
