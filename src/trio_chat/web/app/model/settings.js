/** What this device keeps about its user: settings, drafts, channels, the last nickname. */
import { signal } from "../../vendor/signals-core.js";

/** @import { Choice } from "./levels.js" */
/** @import { Settings } from "./types.js" */
/** @import { KeptValues } from "../platform/storage.js" */

const LONGEST_DRAFT = 20_000;
const MOST_IGNORED = 1000;
const MOST_CHANNELS = 200;

/** @type {Settings} */
const DEFAULTS = {
  theme: "system",
  language: "",
  highlights: [],
  notifications: false,
  sound: false,
  showEvents: true,
  sendTyping: true,
  remember: false,
  more: {},
};

/** @typedef {{name: string, key: string}} KeptChannel */

/** The kept values, as signals where the views follow them. */
export class Preferences {
  /**
   * @param {KeptValues} lasting Kept on this device.
   * @param {KeptValues} passing Kept as long as the tab is open.
   */
  constructor(lasting, passing) {
    this.lasting = lasting;
    this.passing = passing;
    this.settings = signal({ ...DEFAULTS, ...object(lasting.get("settings", {})) });
    this.ignored = signal(strings(lasting.get("ignored", [])));
  }

  /** Where names and texts of conversations are kept: on this device only if the user wants it. */
  get area() {
    return this.settings.value.remember ? this.lasting : this.passing;
  }

  /** @param {Partial<Settings>} changes */
  change(changes) {
    const before = this.area;
    this.settings.value = { ...this.settings.value, ...changes };
    this.lasting.set("settings", this.settings.value);
    if (this.area !== before) this.copyConversations(before, this.area);
  }

  /**
   * Copy what is known of the conversations, so that the next load of the page finds them.
   * @param {KeptValues} from
   * @param {KeptValues} to
   */
  copyConversations(from, to) {
    for (const key of from.keys()) {
      if (/^(?:connected|current|channels|draft:.*)$/su.test(key)) to.set(key, from.get(key, null));
    }
  }

  /**
   * @param {string} mask
   * @param {boolean} ignored
   */
  ignore(mask, ignored) {
    const folded = mask.toLowerCase();
    const others = this.ignored.value.filter((each) => each.toLowerCase() !== folded);
    this.ignored.value = (ignored ? [...others, mask] : others).slice(-MOST_IGNORED);
    this.lasting.set("ignored", this.ignored.value);
  }

  get nick() {
    const nick = this.passing.get("nick", "") || this.lasting.get("nick", "");
    return typeof nick === "string" ? nick : "";
  }

  set nick(nick) {
    this.passing.set("nick", nick);
    this.lasting.set("nick", nick);
  }

  /** Whether this tab was connected when it was loaded last. */
  get wasConnected() {
    return Boolean(this.area.get("connected", false));
  }

  set wasConnected(connected) {
    this.area.set("connected", connected || undefined);
  }

  /** Password of the server, for this tab: without it each reload would ask for it again. */
  get serverPassword() {
    return String(this.passing.get("server-password", ""));
  }

  set serverPassword(password) {
    this.passing.set("server-password", password || undefined);
  }

  /** @returns {KeptChannel[]} */
  get channels() {
    // Another tab perhaps has other channels.
    const own = this.passing.get("channels", /** @type {KeptChannel[]|null} */ (null));
    const kept = own ?? this.area.get("channels", /** @type {KeptChannel[]} */ ([]));
    if (!Array.isArray(kept)) return [];
    return kept.filter((each) => typeof each?.name === "string" && typeof each.key === "string");
  }

  set channels(channels) {
    for (const area of new Set([this.passing, this.area])) {
      area.set("channels", channels.slice(0, MOST_CHANNELS));
    }
  }

  /**
   * What the user has set about itself, by keys of metadata.
   * @returns {Record<string, string>}
   */
  get profile() {
    const kept = Object.entries(object(this.area.get("profile", {})));
    return Object.fromEntries(kept.filter(([_key, value]) => typeof value === "string"));
  }

  set profile(profile) {
    this.area.set("profile", Object.keys(profile).length ? profile : undefined);
  }

  /** Key of the buffer that was current last. */
  get current() {
    return String(this.area.get("current", ""));
  }

  set current(key) {
    this.area.set("current", key);
  }

  /** @param {string} key */
  draft(key) {
    return String(this.area.get(`draft:${key}`, ""));
  }

  /**
   * @param {string} key
   * @param {string} text
   */
  keepDraft(key, text) {
    this.area.set(`draft:${key}`, text.slice(0, LONGEST_DRAFT) || undefined);
  }

  /**
   * Keep what is known of a conversation under its new key.
   * @param {string} from
   * @param {string} to
   */
  renamed(from, to) {
    if (from === to) return;
    if (this.current === from) this.current = to;
    this.keepDraft(to, this.draft(from));
    this.keepDraft(from, "");
  }

  /**
   * Times up to which this tab has shown the conversations, by their keys.
   * @returns {[string, number][]}
   */
  get markers() {
    const kept = Object.entries(object(this.passing.get("markers", {})));
    return kept.filter(([_key, time]) => typeof time === "number");
  }

  set markers(markers) {
    this.passing.set("markers", Object.fromEntries(markers));
  }

  /**
   * Notification levels, by folded names.
   * @returns {[string, Choice][]}
   */
  get levels() {
    const kept = Object.entries(object(this.lasting.get("levels", null) ?? this.formerLevels()));
    return kept
      .map(([key, value]) => /** @type {[string, Choice]} */ ([key, choice(value)]))
      .filter(([_key, { level, until }]) => level || until);
  }

  set levels(levels) {
    for (const key of this.lasting.keys()) {
      if (key.startsWith("notify:")) this.lasting.set(key, undefined);
    }
    const isNew = !levels.length && this.lasting.get("levels", null) === null;
    if (!isNew) this.lasting.set("levels", Object.fromEntries(levels));
  }

  /** The levels as an earlier page has kept them. */
  formerLevels() {
    const keys = this.lasting.keys().filter((key) => key.startsWith("notify:"));
    return Object.fromEntries(
      keys.map((key) => [key.slice("notify:".length), { level: this.lasting.get(key, "") }]),
    );
  }

  /** Remove from this device what names conversations. */
  forgetConversations() {
    const { settings, ignored } = this;
    const nick = this.lasting.get("nick", "");
    this.lasting.clear();
    this.lasting.set("settings", settings.value);
    this.lasting.set("ignored", ignored.value);
    this.lasting.set("nick", nick);
  }

  /** Remove everything. */
  forget() {
    this.lasting.clear();
    this.passing.clear();
    this.settings.value = { ...DEFAULTS };
    this.ignored.value = [];
  }
}

/**
 * @param {unknown} value
 * @returns {Choice}
 */
function choice(value) {
  const { level, until } = /** @type {Partial<Choice>} */ (object(value));
  return {
    level: level === "all" || level === "mentions" || level === "none" ? level : "",
    until: typeof until === "number" && Number.isFinite(until) ? until : 0,
  };
}

/** @param {unknown} value */
function object(value) {
  return value && typeof value === "object" ? value : {};
}

/** @param {unknown} value */
function strings(value) {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
