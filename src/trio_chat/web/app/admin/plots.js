/** Plots: series of the newest values, and their paths in SVG. */

/** Points of a plot: five minutes of values each two seconds. */
export const POINTS = 150;

/** The newest values of one number. */
export class Series {
  /** @type {readonly number[]} */
  values = [];

  /** @param {unknown} value What is no number is no point. */
  add(value) {
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    this.values = [...this.values.slice(1 - POINTS), value];
  }

  get newest() {
    return this.values.at(-1) ?? null;
  }

  get highest() {
    return this.values.reduce((most, each) => Math.max(most, each), 0);
  }

  get lowest() {
    return this.values.reduce((least, each) => Math.min(least, each), this.newest ?? 0);
  }
}

/**
 * Return the line through values, the newest at the right edge; "" for fewer than two.
 * @param {readonly number[]} values
 * @param {number} width
 * @param {number} height
 * @param {number} highest Value at the upper edge.
 */
export function linePath(values, width, height, highest) {
  if (values.length < 2) return "";
  const step = width / (POINTS - 1);
  const top = highest > 0 ? highest : 1;
  return values
    .map((value, index) => {
      const x = width - (values.length - 1 - index) * step;
      const y = height - (Math.min(Math.max(value, 0), top) / top) * height;
      return `${index ? "L" : "M"}${round(x)} ${round(y)}`;
    })
    .join("");
}

/**
 * Return the area below the line.
 * @param {readonly number[]} values
 * @param {number} width
 * @param {number} height
 * @param {number} highest
 */
export function areaPath(values, width, height, highest) {
  const line = linePath(values, width, height, highest);
  if (!line) return "";
  const left = width - ((values.length - 1) * width) / (POINTS - 1);
  return `${line}L${width} ${height}L${round(left)} ${height}Z`;
}

/**
 * Return a value at the upper edge that is no odd number: 1, 2 or 5 and zeros.
 * @param {number} highest
 */
export function niceCeiling(highest) {
  if (!(highest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  const step = [1, 2, 5, 10].find((each) => highest <= each * power * (1 + 1e-9)) ?? 10;
  return step * power;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
