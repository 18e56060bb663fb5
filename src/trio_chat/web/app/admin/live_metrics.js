/** Live metrics: the newest numbers of the server, each two seconds, as series for plots. */

import { signal } from "../../vendor/signals-core.js";
import { N_ } from "../platform/i18n.js";
import { pause } from "./pause.js";
import { Series } from "./plots.js";
import { timeOf, valueOf } from "./values.js";

/** @import { Api } from "./api.js" */
/** @import { Column } from "./sections.js" */
/** @import { Item } from "./listing.js" */

/** Milliseconds before the stream is asked for again. */
const PAUSE = 5000;

/**
 * A number that is plotted, by its name in the monitoring of the server.
 * @typedef {object} Metric
 * @property {string} id
 * @property {string} label
 * @property {Column["kind"]|"milliseconds"|"rate"} kind
 * @property {"time"|string} [per] Of a counter: its growth is plotted, by that of time or of another
 *   counter.
 */

/** @type {readonly Metric[]} */
export const METRICS = [
  { id: "history_messages", label: N_("Messages a second"), kind: "rate", per: "time" },
  { id: "deliveries", label: N_("Deliveries a second"), kind: "rate", per: "time" },
  { id: "users", label: N_("Users"), kind: "number" },
  { id: "connections", label: N_("Connections"), kind: "number" },
  {
    id: "history_commit_seconds",
    label: N_("Time of a commit"),
    kind: "milliseconds",
    per: "history_commits",
  },
  { id: "memory", label: N_("Memory of the server"), kind: "size" },
  { id: "broadcaster_waiting", label: N_("Messages that wait to be delivered"), kind: "number" },
  { id: "outbox_bytes", label: N_("Waiting for slow clients"), kind: "size" },
  { id: "upload_bytes", label: N_("Uploaded files"), kind: "size" },
];

/** @typedef {{time: number, values: Item}} Sample */

/**
 * Return how much a counter has grown by a second, or by a step of another counter; null when that
 * is not known, such as after the server was started again.
 * @param {Sample|null} before
 * @param {Sample} now
 * @param {string} id
 * @param {string} per
 */
function growth(before, now, id, per) {
  if (!before) return null;
  const steps = (/** @type {string} */ key) =>
    valueOf(now.values, key) - valueOf(before.values, key);
  const grown = steps(id);
  const by = per === "time" ? (now.time - before.time) / 1000 : steps(per);
  if (!(grown >= 0 && by >= 0) || (per === "time" && !by)) return null;
  return by ? grown / by : 0;
}

/** The series. */
export class LiveMetrics {
  /** @type {Sample|null} */
  #before = null;

  /** @param {Api} api */
  constructor(api) {
    this.api = api;
    this.series = new Map(METRICS.map(({ id }) => [id, new Series()]));
    /** Grows with each sample. */
    this.version = signal(0);
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
        .then(
          () => "", // a server ends each stream at some time
          (/** @type {Error} */ error) => error.message,
        );
      if (signal.aborted) return;
      if (problem) this.state.value = "failed";
      this.problem.value = problem;
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
    const { memory } = sample;
    const now = { time: timeOf(sample["time"]) ?? time, values: { ...sample["values"], memory } };
    for (const { id, per } of METRICS) {
      const value = valueOf(now.values, id);
      this.series.get(id)?.add(per ? growth(this.#before, now, id, per) : value);
    }
    this.#before = now;
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
