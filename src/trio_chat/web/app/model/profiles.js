/** Profiles: what users say about themselves (IRCv3 `metadata`), by nickname. */
import { signal } from "../../vendor/signals-core.js";

/** @import { Profile } from "./types.js" */
/** @import { Pulse } from "./pulse.js" */

/** Users whose profiles are in memory; those heard of first give way. */
const MOST = 5000;

/** @type {Profile} */
const EMPTY = {
  displayName: "",
  pronouns: "",
  status: "",
  homepage: "",
  colour: "",
  avatar: "",
};

/** The profiles of the users that are seen. */
export class Profiles {
  /**
   * @param {Pulse} pulse
   * @param {(nick: string) => string} fold
   */
  constructor(pulse, fold) {
    this.pulse = pulse;
    this.fold = fold;
    /** @type {Map<string, Profile>} */
    this.byNick = new Map();
    this.version = signal(0);
  }

  /**
   * @param {string} nick
   * @returns {Profile|undefined}
   */
  get(nick) {
    return this.byNick.get(this.fold(nick));
  }

  /**
   * @param {string} nick
   * @param {keyof Profile} field
   * @param {string} value "" for none.
   */
  set(nick, field, value) {
    const key = this.fold(nick);
    const known = this.byNick.get(key);
    if ((known ?? EMPTY)[field] === value) return;
    this.byNick.set(key, { ...(known ?? EMPTY), [field]: value });
    const [first] = this.byNick.keys();
    if (this.byNick.size > MOST && first !== undefined) this.byNick.delete(first);
    this.pulse.touch(this.version);
  }

  /**
   * Forget a user that is not seen any longer: somebody else may come with the nickname.
   * @param {string} nick
   */
  remove(nick) {
    if (this.byNick.delete(this.fold(nick))) this.pulse.touch(this.version);
  }

  /**
   * @param {string} from
   * @param {string} to
   */
  rename(from, to) {
    const profile = this.get(from);
    this.remove(from);
    this.remove(to);
    if (profile) this.byNick.set(this.fold(to), profile);
  }

  /** Forget all: the server is asked anew. */
  clear() {
    this.byNick.clear();
    this.pulse.touch(this.version);
  }
}
