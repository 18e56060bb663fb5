/**
 * Values that the browser keeps: `localStorage` and `sessionStorage`, each of which may be missing
 * or full (private windows, blocked cookies). The values are then kept as long as the page is open.
 */

/**
 * @param {"localStorage"|"sessionStorage"} name
 * @returns {Storage|null}
 */
export function openArea(name) {
  try {
    const area = globalThis[name];
    area.setItem("trio-chat:test", "1");
    area.removeItem("trio-chat:test");
    return area;
  } catch {
    return null;
  }
}

/** Values as JSON, by keys. */
export class KeptValues {
  /**
   * @param {Storage|null} area
   * @param {string} prefix
   */
  constructor(area, prefix = "trio-chat:") {
    this.area = area;
    this.prefix = prefix;
    /** @type {Map<string, string>} */
    this.unkept = new Map();
  }

  /**
   * Return a value; `otherwise` when there is none, or when it cannot be read.
   * @template T
   * @param {string} key
   * @param {T} otherwise
   * @returns {T}
   */
  get(key, otherwise) {
    try {
      const text = this.unkept.get(key) ?? this.area?.getItem(this.prefix + key);
      return text === null || text === undefined ? otherwise : JSON.parse(text);
    } catch {
      return otherwise;
    }
  }

  /**
   * Keep a value; `undefined` removes it.
   * @param {string} key
   * @param {unknown} value
   */
  set(key, value) {
    this.unkept.delete(key);
    const text = JSON.stringify(value);
    try {
      if (text === undefined) this.area?.removeItem(this.prefix + key);
      else if (this.area) this.area.setItem(this.prefix + key, text);
      else this.unkept.set(key, text);
    } catch {
      if (text !== undefined) this.unkept.set(key, text);
    }
  }

  /**
   * Return the keys of all values.
   * @returns {string[]}
   */
  keys() {
    const { area, prefix } = this;
    try {
      const all = Array.from({ length: area?.length ?? 0 }, (_value, index) => area?.key(index));
      const own = all.flatMap((key) => (key?.startsWith(prefix) ? [key.slice(prefix.length)] : []));
      return [...new Set([...own, ...this.unkept.keys()])];
    } catch {
      return [...this.unkept.keys()];
    }
  }

  /** Remove all values. */
  clear() {
    const keys = this.keys();
    this.unkept.clear();
    try {
      for (const key of keys) this.area?.removeItem(this.prefix + key);
    } catch {
      // A browser that refuses to remove them has refused to keep them.
    }
  }
}
