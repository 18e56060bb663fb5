/** Live metrics: the newest numbers of the server, each two seconds, as series for plots. */

import { signal } from "../../vendor/signals-core.js";
import { N_ } from "../platform/i18n.js";
import { Series } from "./plots.js";
import { valueOf } from "./values.js";

/** @import { Api } from "./api.js" */
/** @import { Column } from "./sections.js" */
/** @import { Item } from "./listing.js" */

/** Milliseconds before the stream is asked for again. */
const PAUSE = 5000;

/**
 * A number that is plotted.
 * @typedef {object} Metric
 * @property {string} id
 * @property {string} label
 * @property {Column["kind"]|"milliseconds"|"rate"} kind
 * @property {string} key Of the value in a sample.
 * @property {boolean} [isCounter] Whether it only grows, and its growth a second is plotted.
 */

/** @type {readonly Metric[]} */
export const METRICS = [
  { id: "messages", label: N_("Messages a second"), kind: "rate", key: "messages", isCounter: true },
  { id: "sessions", label: N_("Sessions"), kind: "number", key: "sessions" },
  { id: "commit", label: N_("Time of a commit"), kind: "milliseconds", key: "commit_seconds" },
  { id: "memory", label: N_("Memory"), kind: "size", key: "memory_bytes" },
  { id: "storage", label: N_("Storage"), kind: "size", key: "storage_bytes" },
];

/** The series. */
export class LiveMetrics {
  /** @type {{time: number, sample: Item}|null} */
  #before = null;

  /** @param {Api} api */
  constructor(api) {
    this.api = api;
    this.series = new Map(METRICS.map(({ id }) => [id, new Series()]));
    /** Grows with each sample. */
    this.version = signal(0);
    this.newest = signal(/** @type {Item|null} */ (null));
    this.state = signal(/** @type {"loading"|"live"|"failed"} */ ("loading"));
    this.problem = signal("");
  }

  /**
   * Follow the server until `signal` ends it. A stream that ends is asked for again.
   * @param {AbortSignal} signal
   */
  async follow(signal) {
    while (!signal.aborted) {
      const problem = await this.api
        .stream("/metrics/live", ({ data }) => this.take(data), signal)
        .catch((/** @type {Error} */ error) => error.message);
      if (signal.aborted) return;
      this.state.value = "failed";
      this.problem.value = String(problem);
      await pause(PAUSE, signal);
    }
  }

  /**
   * Take one sample.
   * @param {string} data JSON.
   * @param {number} [time] Milliseconds.
   */
  take(data, time = this.api.now()) {
    const sample = parsed(data);
    if (!sample) return;
    const before = this.#before;
    for (const { id, key, isCounter } of METRICS) {
      const value = valueOf(sample, key);
      const old = before && valueOf(before.sample, key);
      const seconds = before ? (time - before.time) / 1000 : 0;
      // A counter that is less than before is of a server that was started again.
      if (!isCounter) this.series.get(id)?.add(value);
      else if (seconds > 0 && value >= old) this.series.get(id)?.add((value - old) / seconds);
    }
    this.#before = { time, sample };
    this.newest.value = sample;
    this.state.value = "live";
    this.version.value += 1;
  }
}

/**
 * @param {string} data
 * @returns {Item|null}
 */
function parsed(data) {
  try {
    const sample = JSON.parse(data);
    return sample && typeof sample === "object" ? sample : null;
  } catch {
    return null;
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
