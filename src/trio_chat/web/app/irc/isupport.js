/** RPL_ISUPPORT (005): the tokens of a server, and what follows from them. */
import { foldFunction } from "./casemapping.js";

/**
 * Return the value of a token with its escapes (`\x20`) replaced.
 * @param {string} value
 */
function unescape(value) {
  return value.replace(/\\x([0-9a-f]{2})/gi, (_whole, code) =>
    String.fromCharCode(parseInt(code, 16)),
  );
}

/** What a server can announce, and the ranks of members: more than any server has. */
const MOST_TOKENS = 500;
const MOST_RANKS = 20;

/** The tokens of one connection. */
export class Isupport {
  constructor() {
    /** @type {Map<string, string>} */
    this.tokens = new Map();
    /** Mode letters of the ranks, the highest first. */
    this.ranks = "";
    /** Their prefixes in the same order. */
    this.prefixes = "";
    this.channelTypes = "";
    this.statusPrefixes = "";
    /**
     * Channel modes of the types A (lists), B, C and D.
     * @type {string[]}
     */
    this.channelModes = [];
    this.fold = foldFunction("ascii");
    this.update([]);
  }

  /** Forget the tokens; what follows from them stays until the server announces others. */
  reset() {
    this.tokens.clear();
  }

  /**
   * Take the tokens of a line: `NAME`, `NAME=value`, or `-NAME`.
   * @param {readonly string[]} words
   */
  update(words) {
    for (const word of words) {
      if (word.startsWith("-")) {
        this.tokens.delete(word.slice(1));
        continue;
      }
      const at = word.indexOf("=");
      const name = at < 0 ? word : word.slice(0, at);
      if (this.tokens.size >= MOST_TOKENS && !this.tokens.has(name)) continue;
      this.tokens.set(name, at < 0 ? "" : unescape(word.slice(at + 1)));
    }
    const prefix = /^\((\w*)\)(.*)$/.exec(this.text("PREFIX", "(ov)@+"));
    this.ranks = (prefix?.[1] ?? "").slice(0, MOST_RANKS);
    this.prefixes = (prefix?.[2] ?? "").slice(0, this.ranks.length);
    this.channelTypes = this.text("CHANTYPES", "#");
    this.statusPrefixes = this.text("STATUSMSG", "");
    this.channelModes = this.text("CHANMODES", "b,k,l,imnpst").split(",");
    // A server that announces other things, but not this, is an old one.
    const usual = this.tokens.size ? "rfc1459" : "ascii";
    this.fold = foldFunction(this.text("CASEMAPPING", usual), this.text("UTF8MAPPING", ""));
  }

  /**
   * @param {string} name
   * @param {string} otherwise
   */
  text(name, otherwise) {
    return this.tokens.get(name) ?? otherwise;
  }

  /**
   * Return the number of a token; 0 when it has none.
   * @param {string} name
   */
  number(name) {
    const value = Number(this.tokens.get(name));
    return Number.isSafeInteger(value) && value > 0 ? value : 0;
  }

  /** @param {string} target */
  isChannel(target) {
    return target !== "" && this.channelTypes.includes(target.charAt(0));
  }

  /**
   * Divide a target such as `@#channel` into its prefixes and the channel.
   * @param {string} target
   * @returns {[string, string]}
   */
  splitStatus(target) {
    let start = 0;
    while (start < target.length && this.statusPrefixes.includes(target.charAt(start))) start += 1;
    const channel = target.slice(start);
    return start && this.isChannel(channel) ? [target.slice(0, start), channel] : ["", target];
  }

  /**
   * Divide an entry of RPL_NAMREPLY, such as `@+nick!user@host`, into prefixes and source.
   * @param {string} entry
   * @returns {[string, string]}
   */
  splitPrefixes(entry) {
    let start = 0;
    while (start < entry.length && this.prefixes.includes(entry.charAt(start))) start += 1;
    return [entry.slice(0, start), entry.slice(start)];
  }

  /**
   * Return the prefixes of a member after a change of one rank, the highest first.
   * @param {string} prefixes
   * @param {string} letter
   * @param {boolean} given
   */
  changeRank(prefixes, letter, given) {
    const changed = this.prefixes.charAt(this.ranks.indexOf(letter));
    return [...this.prefixes]
      .filter((each) => (each === changed ? given : prefixes.includes(each)))
      .join("");
  }

  /**
   * How users are muted: the list mode and the prefix of its mask; null when they cannot be.
   * @returns {{mode: string, prefix: string}|null}
   */
  get mute() {
    const [sign = "", letters = ""] = this.text("EXTBAN", "").split(",");
    if (letters.includes("m")) return { mode: "b", prefix: `${sign}m:` };
    return this.channelModes[0]?.includes("q") ? { mode: "q", prefix: "" } : null;
  }
}
