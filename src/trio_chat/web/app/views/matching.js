/** Fuzzy matching of names: the letters of a query in their order, beginnings first. */

/**
 * Return the items that match, the best first; all in their order for an empty query.
 * @template T
 * @param {readonly T[]} items
 * @param {string} query
 * @param {(item: T) => string} nameOf
 * @returns {T[]}
 */
export function matching(items, query, nameOf) {
  const needle = query.toLowerCase().replace(/^[#@]/u, "");
  if (!needle) return [...items];
  return items
    .map((item) => ({ item, score: score(nameOf(item).toLowerCase().replace(/^#/u, ""), needle) }))
    .filter(({ score: found }) => found < Infinity)
    .sort((one, other) => one.score - other.score)
    .map(({ item }) => item);
}

/**
 * Return how well a name matches, the less the better.
 * @param {string} name
 * @param {string} needle
 */
function score(name, needle) {
  const at = name.indexOf(needle);
  if (at >= 0) return at * 10 + name.length / 100;
  let position = -1;
  let gaps = 0;
  for (const letter of needle) {
    const next = name.indexOf(letter, position + 1);
    if (next < 0) return Infinity;
    gaps += next - position - 1;
    position = next;
  }
  return 1000 + gaps;
}
