/**
 * Notification levels of the account (`trio-chat/notify`): the server has them, and all devices of
 * the account follow them. A device that has kept some offers them to an account that has never
 * chosen any. Users without an account have theirs on this device alone.
 */
import { EVERYWHERE } from "../model/levels.js";
import { flatten } from "./requests.js";

/** @import { Message } from "../irc/message.js" */
/** @import { Choice } from "../model/levels.js" */
/** @import { Notify } from "../model/types.js" */
/** @import { Client } from "./client.js" */

export const CAPABILITY = "trio-chat/notify";
/** @type {Record<string, Notify|"">} */
const LEVELS = { all: "all", mentions: "mentions", nothing: "none" };
/** @type {Record<string, string>} */
const WORDS = { all: "all", mentions: "mentions", none: "nothing", "": "default" };
/** Choices that were made without a connection. */
const MOST_UNSENT = 200;

/** The levels of one client. */
export class LevelUpdates {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** What the server has not been told yet, by folded names. @type {Map<string, string[]>} */
    this.unsent = new Map();
  }

  get levels() {
    return this.client.model.levels;
  }

  get available() {
    const { negotiation, model, isReady } = this.client;
    const hasIt = negotiation.enabled.has(CAPABILITY) && negotiation.hasLabels;
    return hasIt && isReady && model.me.account.value !== "";
  }

  /** Fetch what the account has chosen, on each connection and after a login. */
  async begin() {
    if (!this.available) return;
    const { generation } = this.client;
    for (const [key, words] of [...this.unsent]) await this.send(key, words);
    this.unsent.clear();
    const lines = flatten(await this.client.request("NOTIFY", [])).filter(isLevels);
    if (generation !== this.client.generation) return;
    const last = lines.at(-1);
    if (last?.params[0] === EVERYWHERE && last.params[1] === "*") await this.offer();
    else if (last) this.levels.replace(lines.map((line) => this.read(line)));
  }

  /** Give the account what this device has kept. */
  async offer() {
    for (const [key, { level, until }] of [...this.levels.choices]) {
      if (level) await this.send(key, [WORDS[level] ?? "default"]);
      if (until > this.client.clock.now()) await this.send(key, this.pauseWords(until));
    }
  }

  /** Forget those of an account whose user leaves this device. */
  forget() {
    this.unsent.clear();
    this.levels.replace([]);
  }

  /** @param {Message} message */
  received(message) {
    if (!this.client.model.me.account.value || !isLevels(message)) return;
    const [key, choice] = this.read(message);
    this.levels.set(key, choice);
  }

  /**
   * @param {Message} message
   * @returns {[string, Choice]}
   */
  read({ params }) {
    const [target = "", word = "", end = ""] = params;
    const time = end.startsWith("until=") ? Date.parse(end.slice("until=".length)) : NaN;
    const level = Object.hasOwn(LEVELS, word) ? (LEVELS[word] ?? "") : "";
    const until = Number.isFinite(time) ? time - this.client.clockAhead : 0;
    return [target === EVERYWHERE ? target : this.client.model.fold(target), { level, until }];
  }

  /**
   * Choose the level of a conversation, or of all others, which ends a pause.
   * @param {string} key
   * @param {Notify|""} level
   */
  choose(key, level) {
    this.levels.set(key, { level, until: 0 });
    this.tell(key, [WORDS[level] ?? "default"]);
  }

  /**
   * Pause a conversation, or all.
   * @param {string} key
   * @param {number} until In milliseconds of Unix time; 0 ends that.
   */
  pause(key, until) {
    this.levels.set(key, { ...this.levels.choice(key), until });
    this.tell(key, this.pauseWords(until));
  }

  /** @param {number} until */
  pauseWords(until) {
    const left = Math.ceil((until - this.client.clock.now()) / 1000);
    return ["pause", String(Math.max(until ? left : 0, 0))];
  }

  /**
   * @param {string} key
   * @param {string[]} words
   */
  tell(key, words) {
    if (this.available) void this.send(key, words);
    else if (this.unsent.size < MOST_UNSENT) this.unsent.set(key, words);
  }

  /**
   * @param {string} key
   * @param {string[]} words
   */
  async send(key, words) {
    try {
      const items = await this.client.request("NOTIFY", [key, ...words]);
      for (const each of flatten(items)) this.client.dispatch(each, null);
    } catch (error) {
      this.client.model.notify(error instanceof Error ? error.message : String(error), true);
    }
  }
}

/** @param {Message} message */
function isLevels({ command, params }) {
  return command === "NOTIFY" && params.length >= 2 && Boolean(params[0]);
}
