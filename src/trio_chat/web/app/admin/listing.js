/** Listing: the items of one list of the API, as far as they are loaded, in the order of a column. */

import { signal } from "../../vendor/signals-core.js";
import { plainText, sortValue } from "./values.js";

/** @import { Api } from "./api.js" */
/** @import { Column } from "./sections.js" */

/** Items in one page; the server may send fewer. */
export const PAGE = 100;
/** Items that are loaded at most: more would make the page slow. */
export const MOST = 10_000;

/** @typedef {Record<string, any>} Item */

/** The list. */
export class Listing {
  #next = "";
  /** Number of the newest load: what comes for an older one is dropped. */
  #generation = 0;

  /**
   * @param {Api} api
   * @param {string} path
   * @param {boolean} [searches] Whether the server finds words in it.
   */
  constructor(api, path, searches = false) {
    this.api = api;
    this.path = path;
    this.searches = searches;
    this.items = signal(/** @type {Item[]} */ ([]));
    /** Whether there are more on the server. */
    this.hasMore = signal(false);
    this.state = signal(/** @type {"loading"|"ready"|"failed"} */ ("loading"));
    this.problem = signal("");
    /** The words that the server finds in all items that are here; "" when nothing is searched. */
    this.words = signal("");
  }

  /**
   * Load the items in which the server finds words.
   * @param {string} words "" for all items.
   */
  find(words) {
    this.words.value = words;
    this.items.value = [];
    return this.load();
  }

  /** Load as many items as there were, from the beginning; those that are shown stay meanwhile. */
  async load() {
    const wanted = Math.max(PAGE, this.items.peek().length);
    await this.#run(async (isCurrent) => {
      /** @type {Item[]} */
      let items = [];
      let next = "";
      do {
        const page = await this.api.list(this.path, this.#query(next));
        if (!isCurrent()) return;
        items = [...items, ...page.items];
        next = page.items.length ? page.next : "";
      } while (next && items.length < wanted);
      this.#show(items, next);
    });
  }

  /**
   * Load the next page, or all that follow.
   * @param {boolean} [all]
   */
  async more(all = false) {
    await this.#run(async (isCurrent) => {
      do {
        const page = await this.api.list(this.path, this.#query(this.#next));
        if (!isCurrent()) return;
        this.#show([...this.items.peek(), ...page.items], page.items.length ? page.next : "");
      } while (all && this.hasMore.peek() && this.items.peek().length < MOST);
    });
  }

  /**
   * @param {string} after
   * @returns {Record<string, string|number>}
   */
  #query(after) {
    const words = this.words.peek();
    return { limit: PAGE, ...(after && { after }), ...(words && { words }) };
  }

  /**
   * @param {Item[]} items
   * @param {string} next
   */
  #show(items, next) {
    this.#next = next;
    this.items.value = items.slice(0, MOST);
    this.hasMore.value = next !== "" && items.length < MOST;
  }

  /** @param {(isCurrent: () => boolean) => Promise<void>} load */
  async #run(load) {
    this.#generation += 1;
    const own = this.#generation;
    const isCurrent = () => own === this.#generation;
    this.state.value = "loading";
    this.problem.value = "";
    try {
      await load(isCurrent);
      if (isCurrent()) this.state.value = "ready";
    } catch (error) {
      if (!isCurrent()) return;
      this.problem.value = error instanceof Error ? error.message : String(error);
      this.state.value = "failed";
    }
  }
}

/**
 * Return the items in which each word of a text occurs, in any column.
 * @param {readonly Item[]} items
 * @param {readonly Column[]} columns
 * @param {string} text
 */
export function found(items, columns, text) {
  const words = text.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  if (!words.length) return items;
  return items.filter((item) => {
    const all = columns.map((column) => plainText(item, column)).join("\n").toLocaleLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/**
 * Return items in the order of a column; what has no value comes last.
 * @param {readonly Item[]} items
 * @param {Column|undefined} column None keeps the order of the server.
 * @param {boolean} isDescending
 */
export function sorted(items, column, isDescending) {
  if (!column) return items;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const sign = isDescending ? -1 : 1;
  const keyed = items.map((item) => ({ item, key: sortValue(item, column) }));
  keyed.sort(({ key: one }, { key: other }) => {
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    if (typeof one === "number" && typeof other === "number") return sign * (one - other);
    return sign * collator.compare(String(one), String(other));
  });
  return keyed.map(({ item }) => item);
}
