/**
 * Requests to a server without `labeled-response`: their answers are recognised by what they are.
 * One request of a command waits for its answer before the next one is sent.
 */
import { _ } from "../platform/i18n.js";
import { isBatch } from "./batches.js";
import { ConnectionLost } from "./requests.js";

/** @import { Clock } from "../model/clock.js" */
/** @import { Item } from "./batches.js" */

const ANSWER_WITHIN = 60_000;
/** Pause after which a service has said everything. */
const QUIET = 2000;
const MOST_WAITING = 200;
const MOST_ITEMS = 20_000;

/**
 * @typedef {object} Answer
 * @property {string[]} [parts] Commands and numerics that belong to the answer.
 * @property {string[]} [ends] Those that are the last part of it.
 * @property {string[]} [batches] Types of batches that are the whole answer.
 * @property {string} [service] Nickname of a service, whose notices are the answer.
 */

/** @param {string} text */
const words = (text) => text.split(" ");

/** @type {Record<string, Answer>} */
const ANSWERS = {
  WHOIS: {
    parts: words("276 301 307 311 312 313 317 319 320 330 335 338 378 379 671 760"),
    ends: words("318 401 402 431"),
  },
  LIST: { parts: words("321 322"), ends: ["323"] },
  MODE: { parts: ["367"], ends: words("368 403 442 482") },
  CHATHISTORY: { batches: words("chathistory draft/chathistory-targets") },
  SEARCH: { batches: ["soju.im/search"] },
  METADATA: { ends: words("761 766"), batches: ["metadata"] },
  NICKSERV: { service: "nickserv" },
  CHANSERV: { service: "chanserv" },
};

/**
 * @typedef {object} Waiting
 * @property {string} command
 * @property {string} target Lower-case name of the conversation that is asked about; "" for none.
 * @property {() => void} send
 * @property {(items: Item[]) => void} answer
 * @property {(error: Error) => void} fail
 * @property {Item[]} items
 * @property {number} timer
 */

/** The unanswered requests of one connection, by command. */
export class UnlabelledRequests {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Map<string, Waiting[]>} */
    this.waiting = new Map();
  }

  /**
   * @param {string} command
   * @param {readonly string[]} params
   * @param {Pick<Waiting, "send"|"answer"|"fail">} request
   */
  add(command, params, request) {
    const queue = this.waiting.get(command) ?? [];
    if (queue.length >= MOST_WAITING) {
      request.fail(new Error(_("The server has not answered.")));
      return;
    }
    const target = command === "CHATHISTORY" ? (params[1] ?? "").toLowerCase() : "";
    const waiting = { ...request, command, target, items: [], timer: 0 };
    queue.push(waiting);
    this.waiting.set(command, queue);
    if (queue.length === 1) this.begin(waiting);
  }

  /** @param {Waiting} waiting */
  begin(waiting) {
    waiting.send();
    waiting.timer = this.clock.start(() => {
      this.next(waiting);
      waiting.fail(new Error(_("The server has not answered.")));
    }, ANSWER_WITHIN);
  }

  /** @param {Waiting} waiting */
  next({ command, timer }) {
    this.clock.stop(timer);
    const queue = this.waiting.get(command) ?? [];
    queue.shift();
    const [first] = queue;
    if (first) this.begin(first);
    else this.waiting.delete(command);
  }

  /**
   * Take an item; return whether it belongs to the answer of a request.
   * @param {Item} item
   */
  take(item) {
    for (const [waiting] of this.waiting.values()) {
      if (waiting && this.belongs(waiting, item)) return true;
    }
    return false;
  }

  /**
   * @param {Waiting} waiting
   * @param {Item} item
   */
  belongs(waiting, item) {
    const { command } = waiting;
    const { parts = [], ends = [command], batches = [], service = "" } = ANSWERS[command] ?? {};
    if (isBatch(item)) {
      const isAnswer = batches.includes(item.type);
      const isOther = item.type === "chathistory" && !isAbout(item, waiting.target);
      return isAnswer && !isOther && this.finish(waiting, item);
    }
    const isRefusal = item.command === "FAIL" && item.params[0] === command;
    const isUnknown = /^4(21|51|61)$/.test(item.command) && item.params[1] === command;
    if (isRefusal || isUnknown || ends.includes(item.command)) return this.finish(waiting, item);
    if (service && item.command === "NOTICE" && item.nick.toLowerCase() === service) {
      this.clock.stop(waiting.timer);
      waiting.timer = this.clock.start(() => this.finish(waiting), QUIET);
    } else if (!parts.includes(item.command)) return false;
    if (waiting.items.length < MOST_ITEMS) waiting.items.push(item);
    return true;
  }

  /**
   * @param {Waiting} waiting
   * @param {Item[]} last
   */
  finish(waiting, ...last) {
    this.next(waiting);
    waiting.answer([...waiting.items, ...last]);
    return true;
  }

  /** Fail all requests: the connection has ended. */
  end() {
    const all = [...this.waiting.values()].flat();
    this.waiting.clear();
    for (const each of all) {
      this.clock.stop(each.timer);
      each.fail(new ConnectionLost(_("The connection was lost before the server answered.")));
    }
  }
}

/**
 * @param {import("./batches.js").Batch} batch
 * @param {string} target
 */
function isAbout({ params }, target) {
  return (params[0] ?? "").toLowerCase() === target;
}
