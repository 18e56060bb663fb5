/** Masks: `nick!user@host` with `*` and `?`, as in bans and the ignore list. */

/** Characters of masks and extended bans that no nickname has. */
const SIGNS = /[!@*?:$~]/;

/**
 * Return whether a word is a mask or an extended ban, not a nickname.
 * @param {string} word
 */
export function isMask(word) {
  return SIGNS.test(word);
}

/**
 * Return the mask of a nickname, or the mask itself.
 * @param {string} word
 */
function maskOf(word) {
  return isMask(word) ? word : `${word}!*@*`;
}

/**
 * Return a function that says whether a source matches one of the masks.
 * @param {readonly string[]} masks
 * @param {(name: string) => string} fold
 * @returns {(source: string) => boolean}
 */
export function matcher(masks, fold) {
  const patterns = masks.map((mask) => pattern(fold(maskOf(mask))));
  return (source) => patterns.length > 0 && patterns.some((each) => each.test(fold(source)));
}

/** @param {string} mask */
function pattern(mask) {
  const whole = mask.includes("!") ? mask : mask.includes("@") ? `*!${mask}` : `${mask}!*`;
  const parts = [...whole.replace(/\*+/g, "*")].map((char) =>
    char === "*" ? ".*" : char === "?" ? "." : char.replace(/[\\^$.|+()[\]{}]/g, "\\$&"),
  );
  // A source without user and host is that of a server, or a nickname from the history.
  return new RegExp(`^${parts.join("").replace(/!\.\*@\.\*$/, "(!.*)?")}$`, "su");
}
