/** Time as the page sees it, so that tests can replace it. */

/**
 * @typedef {object} Clock
 * @property {() => number} now Milliseconds of Unix time.
 * @property {(action: () => void, delay: number) => number} start Start a timer.
 * @property {(timer: number) => void} stop
 * @property {() => number} random From 0 to 1.
 */

/** @type {Clock} */
export const systemClock = {
  now: () => Date.now(),
  start: (action, delay) => Number(setTimeout(action, delay)),
  stop: (timer) => clearTimeout(timer),
  random: () => Math.random(),
};
