/** Redraw signals, increased at most ten times a second however many changes there are. */
import { batch } from "../../vendor/signals-core.js";

/** @import { Signal } from "./types.js" */
/** @import { Clock } from "./clock.js" */

const INTERVAL = 100;

/** The signals of a page that wait to be increased. */
export class Pulse {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Set<Signal<number>>} */
    this.waiting = new Set();
    /** @type {Set<() => void>} */
    this.actions = new Set();
    this.last = -Infinity;
    this.scheduled = false;
  }

  /**
   * Increase a signal as soon as the interval allows.
   * @param {Signal<number>} signal
   */
  touch(signal) {
    this.waiting.add(signal);
    this.schedule();
  }

  /**
   * Call a function as soon as the interval allows, once for any number of requests.
   * @param {() => void} action
   */
  later(action) {
    this.actions.add(action);
    this.schedule();
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    const delay = Math.max(this.last + INTERVAL - this.clock.now(), 0);
    this.clock.start(() => this.flush(), Math.min(delay, INTERVAL));
  }

  /** Increase all waiting signals now. */
  flush() {
    this.scheduled = false;
    this.last = this.clock.now();
    const signals = [...this.waiting];
    const actions = [...this.actions];
    this.waiting.clear();
    this.actions.clear();
    batch(() => {
      for (const each of actions) each();
      for (const each of signals) each.value += 1;
    });
  }
}
