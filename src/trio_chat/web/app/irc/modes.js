/** Channel modes: the changes of a MODE message, and the modes that are set. */

/** @import { Isupport } from "./isupport.js" */

/** Modes of a channel: more than there are letters. */
const MOST_MODES = 100;

/**
 * @typedef {object} ModeChange
 * @property {boolean} given Whether the mode is set, not unset.
 * @property {string} letter
 * @property {string} param "" for none.
 * @property {"rank"|"list"|"setting"} type
 */

/**
 * Parse the parameters of a MODE behind its target.
 * @param {readonly string[]} params
 * @param {Isupport} isupport
 * @returns {ModeChange[]}
 */
export function parseModes(params, isupport) {
  const [changes = "", ...values] = params;
  const [lists = "", always = "", whenSet = ""] = isupport.channelModes;
  const found = [];
  let given = true;
  for (const letter of changes) {
    if (letter === "+" || letter === "-") {
      given = letter === "+";
      continue;
    }
    const isRank = isupport.ranks.includes(letter);
    const isList = lists.includes(letter);
    const takes =
      isRank || isList || always.includes(letter) || (given && whenSet.includes(letter));
    const param = takes ? (values.shift() ?? "") : "";
    /** @type {ModeChange["type"]} */
    const type = isRank ? "rank" : isList ? "list" : "setting";
    found.push({ given, letter, param, type });
  }
  return found;
}

/**
 * Return the modes of a channel after some changes, as they are written: `+kn key`.
 * @param {string} modes
 * @param {readonly ModeChange[]} changes
 * @param {Isupport} isupport
 */
export function changeModes(modes, changes, isupport) {
  /** @type {Map<string, string>} */
  const set = new Map();
  for (const each of [...parseModes(modes.split(" "), isupport), ...changes]) {
    if (each.type !== "setting") continue;
    if (each.given && set.size < MOST_MODES) set.set(each.letter, each.param);
    else set.delete(each.letter);
  }
  const letters = [...set.keys()].sort();
  const params = letters.map((letter) => set.get(letter)).filter(Boolean);
  return letters.length ? [`+${letters.join("")}`, ...params].join(" ") : "";
}
