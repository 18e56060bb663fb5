/**
 * Profiles by metadata (IRCv3 `draft/metadata-2`): the keys that the page follows, what others have
 * set, and what the user sets.
 *
 * Values are texts of strangers. They are shown without control characters and directions, and next
 * to the nickname, never in place of it. A picture is shown only if it is a file of this server, so
 * that no other server learns who looks at it.
 */
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { safeHref, uploadedFile } from "../text/targets.js";
import { PINS } from "./pins.js";
import { Refused } from "./requests.js";

/** @import { Profile } from "../model/types.js" */
/** @import { Item } from "./batches.js" */
/** @import { Client } from "./client.js" */

export const CAPABILITY = "draft/metadata-2";
/** @type {Record<string, keyof Profile>} */
const FIELDS = {
  "display-name": "displayName",
  pronouns: "pronouns",
  status: "status",
  homepage: "homepage",
  color: "colour",
  avatar: "avatar",
};
const KEYS = Object.keys(FIELDS);
const LONGEST_TEXT = 100;
/** More than two marks on one letter reach into the lines above and below. */
const MARKS = /(\p{M}{2})\p{M}+/gu;
/** Channels that are asked for later, at the same time. */
const MOST_LATER = 50;
const LONGEST_WAIT = 600;

/** The profiles of one client. */
export class ProfileUpdates {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** @type {Map<string, number>} */
    this.timers = new Map();
    this.isFollowing = false;
  }

  get available() {
    return this.client.negotiation.enabled.has(CAPABILITY);
  }

  /** Follow the profiles of all users that are seen, once on each connection. */
  begin() {
    if (this.isFollowing || !this.available) return;
    this.isFollowing = true;
    this.client.model.profiles.clear();
    this.subscribe(["*", "SUB", ...KEYS, PINS]);
    void this.restore().catch(() => {});
  }

  /**
   * Subscribe to the keys; the answer has the present values.
   * @param {string[]} params
   */
  subscribe(params) {
    const { client } = this;
    client.pins.begin();
    if (client.negotiation.hasLabels) {
      const answer = (/** @type {Item[]} */ items) => {
        for (const item of items) client.dispatch(item, null);
        client.pins.followed();
      };
      client.ask("METADATA", params, answer, () => {});
    } else {
      client.pins.followed();
      client.send("METADATA", ...params);
    }
  }

  /** The connection has ended. */
  end() {
    this.isFollowing = false;
    for (const timer of this.timers.values()) this.client.clock.stop(timer);
    this.timers.clear();
  }

  /**
   * Take a value.
   * @param {string} target
   * @param {string} key
   * @param {string} value "" for none.
   */
  received(target, key, value) {
    const { model } = this.client;
    if (key === PINS) {
      this.client.pins.received(target, value);
      return;
    }
    const field = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
    const nick = target === "*" ? model.me.nick.value : target;
    if (!field || !nick || model.isupport.isChannel(nick)) return;
    model.profiles.set(nick, field, cleaned(field, value));
  }

  /**
   * Ask for the profiles of a channel later: they were too many.
   * @param {string} target
   * @param {number} wait Seconds.
   */
  later(target, wait) {
    this.client.pins.later(target);
    if (this.timers.size >= MOST_LATER || this.timers.has(target)) return;
    const pause = Math.min(Math.max(wait || 0, 1), LONGEST_WAIT) * 1000;
    const ask = () => {
      this.timers.delete(target);
      if (this.client.isReady) this.client.send("METADATA", target, "SYNC");
    };
    this.timers.set(target, this.client.clock.start(ask, pause));
  }

  /** Set again what a user without an account has set on an earlier connection. */
  async restore() {
    const { me, preferences } = this.client.model;
    if (me.account.value) return;
    for (const [key, value] of Object.entries(preferences.profile)) {
      if (Object.hasOwn(FIELDS, key)) await this.set(key, value);
    }
  }

  /**
   * Change the user's own profile.
   * @param {Partial<Profile>} changes
   */
  async change(changes) {
    const { model } = this.client;
    if (!this.available) throw new Error(_("This server keeps no profiles."));
    const known = model.profiles.get(model.me.nick.value);
    for (const key of KEYS) {
      const field = /** @type {keyof Profile} */ (FIELDS[key]);
      const value = changes[field]?.trim();
      if (value === undefined || value === (known?.[field] ?? "")) continue;
      await this.set(key, value);
      const { [key]: _former, ...others } = model.preferences.profile;
      model.preferences.profile = value ? { ...others, [key]: value } : others;
    }
  }

  /**
   * @param {string} key
   * @param {string} value "" removes the key.
   */
  async set(key, value) {
    try {
      await this.client.request("METADATA", ["*", "SET", key, ...(value ? [value] : [])]);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code !== "KEY_NOT_SET") throw new Error(refusal(error));
    }
    this.received("*", key, value);
  }
}

/** @param {Refused} error */
function refusal({ code, message }) {
  if (code === "VALUE_INVALID") return _("The text is too long.");
  if (code === "RATE_LIMITED") return _("Too many changes. Try again in a minute.");
  return message;
}

/**
 * Return a value as it can be shown; "" for one that cannot.
 * @param {keyof Profile} field
 * @param {string} value
 */
function cleaned(field, value) {
  if (field === "avatar") return picture(value);
  if (field === "homepage") return /^https?:/iu.test(value) ? safeHref(value) : "";
  const text = plainName(value).replace(MARKS, "$1").trim();
  return [...text].slice(0, LONGEST_TEXT).join("");
}

/**
 * Return the address of a picture if it is a file of this server.
 * @param {string} address
 */
function picture(address) {
  const origin = globalThis.location?.origin;
  const file = origin ? uploadedFile(address, origin) : null;
  return file?.image ? file.href : "";
}
