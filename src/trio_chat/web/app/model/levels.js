/**
 * Notification levels: of which messages of a conversation the user is notified. They belong to the
 * account, when there is one, and this device keeps what it knows of them.
 */
import { signal } from "../../vendor/signals-core.js";

/** @import { Notify } from "./types.js" */
/** @import { Clock } from "./clock.js" */
/** @import { Preferences } from "./settings.js" */

/** What applies to all conversations without a choice of their own. */
export const EVERYWHERE = "*";
/** Conversations with a choice, as many as the server has. */
const MOST = 200;
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * What was chosen for a conversation.
 * @typedef {object} Choice
 * @property {Notify|""} level "" for that of all others.
 * @property {number} until Until when nothing notifies, in milliseconds of Unix time; 0 for no pause.
 */

/** The levels of all conversations. */
export class Levels {
  /**
   * @param {Clock} clock
   * @param {Preferences} preferences
   */
  constructor(clock, preferences) {
    this.clock = clock;
    this.preferences = preferences;
    /** By folded names. @type {Map<string, Choice>} */
    this.choices = new Map(preferences.levels.slice(0, MOST + 1));
    /** Grows with every change, and when a pause ends. */
    this.version = signal(0);
    this.timer = 0;
    this.changed();
  }

  /**
   * Return what was chosen for a conversation, or for all others.
   * @param {string} key
   * @returns {Choice}
   */
  choice(key) {
    const { level = "", until = 0 } = this.choices.get(key) ?? {};
    return { level: /** @type {Notify|""} */ (level), until: until > this.clock.now() ? until : 0 };
  }

  /**
   * Return the level that applies to a conversation now.
   * @param {string} key
   * @returns {Notify}
   */
  of(key) {
    const [own, all] = [this.choice(key), this.choice(EVERYWHERE)];
    if (own.until || all.until) return "none";
    return own.level || all.level || "mentions";
  }

  /**
   * @param {string} key
   * @param {Choice} choice
   */
  set(key, { level, until }) {
    this.choices.delete(key);
    const isKept = level || until > this.clock.now();
    if (isKept && (key === EVERYWHERE || this.choices.size <= MOST)) {
      this.choices.set(key, { level, until });
    }
    this.changed();
  }

  /**
   * Have others in their place.
   * @param {Iterable<[string, Choice]>} choices
   */
  replace(choices) {
    this.choices = new Map([...choices].slice(-MOST - 1));
    this.changed();
  }

  /**
   * Follow a channel that was renamed.
   * @param {string} from
   * @param {string} to
   */
  renamed(from, to) {
    const choice = this.choices.get(from);
    if (!choice || from === to) return;
    this.choices.delete(from);
    this.set(to, choice);
  }

  changed() {
    this.version.value += 1;
    this.preferences.levels = [...this.choices];
    this.clock.stop(this.timer);
    const now = this.clock.now();
    const ends = [...this.choices.values()].map(({ until }) => until).filter((end) => end > now);
    if (!ends.length) return;
    const wait = Math.min(Math.min(...ends) - now + 1, LONGEST_TIMER);
    this.timer = this.clock.start(() => this.changed(), wait);
  }
}
