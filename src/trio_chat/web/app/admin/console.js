/** Console: what the administrator's page knows while it is open, and nothing of it afterwards. */

import { signal } from "../../vendor/signals-core.js";
import { Api } from "./api.js";
import { Listing } from "./listing.js";
import { LiveMetrics } from "./live_metrics.js";
import { operationsOf, permits } from "./operations.js";
import { Resource } from "./resource.js";
import { SECTIONS } from "./sections.js";

/** @import { Platform } from "./api.js" */
/** @import { Operation } from "./operations.js" */
/** @import { Section } from "./sections.js" */

/** The parameter of a list that finds words. */
const SEARCH = "words";

/** The state of the page. */
export class Console {
  /** @type {Map<string, Listing>} */
  #listings = new Map();
  /** @type {Map<string, Resource>} */
  #resources = new Map();
  #closing = new AbortController();
  /** The operations that the server has. @type {ReadonlyMap<string, Operation>} */
  #operations = new Map();
  /** @type {ReadonlySet<string>} */
  #scopes = new Set();

  /**
   * @param {() => Promise<{token: string, seconds: number}>} askToken
   * @param {Platform} [platform]
   */
  constructor(askToken, platform) {
    this.api = new Api(askToken, platform);
    this.metrics = new LiveMetrics(this.api);
    /** Ids of the sections that the server has and the operator may see; null until they are known. */
    this.available = signal(/** @type {ReadonlySet<string>|null} */ (null));
    /** Why the page shows nothing; "" when it does. */
    this.problem = signal("");
  }

  /** Find out what there is to see. */
  async open() {
    this.problem.value = "";
    try {
      await this.#ask();
      this.available.value = new Set(
        SECTIONS.filter(({ path }) => this.allows(`GET ${path}`)).map(({ id }) => id),
      );
    } catch (error) {
      this.problem.value = error instanceof Error ? error.message : String(error);
      return;
    }
    if (this.available.value.has("overview") && !this.#closing.signal.aborted)
      void this.metrics.follow(this.#closing.signal);
  }

  /** End everything that is under way. */
  close() {
    this.#closing.abort();
  }

  /**
   * Return the list of a section, the same one each time.
   * @param {Section} section
   */
  listing(section) {
    const known = this.#listings.get(section.id);
    if (known) return known;
    const listing = new Listing(this.api, section.path, this.searches(section));
    this.#listings.set(section.id, listing);
    return listing;
  }

  /**
   * Return what a section shows that is no list, the same object each time.
   * @param {Section} section
   */
  resource({ id, path }) {
    const resource = this.#resources.get(id) ?? new Resource(this.api, path);
    this.#resources.set(id, resource);
    return resource;
  }

  /**
   * Return whether the server has an operation, and the operator may use it.
   * @param {string} operation Such as `DELETE /bans/{}`.
   */
  allows(operation) {
    const known = this.#operations.get(operation);
    return known !== undefined && permits(this.#scopes, known.scope);
  }

  /**
   * Return whether the server finds words in the items of a section.
   * @param {Section} section
   */
  searches({ path }) {
    return this.#operations.get(`GET ${path}`)?.parameters.has(SEARCH) ?? false;
  }

  /** Return the scopes that the operator can give to a token. */
  scopes() {
    const all = new Set([...this.#operations.values()].map(({ scope }) => scope));
    return [...all].filter((scope) => scope && permits(this.#scopes, scope)).sort();
  }

  /**
   * Load anew what a change may have changed.
   * @param {Section} section
   */
  changed(section) {
    void this.#listings.get(section.id)?.load();
    void this.#resources.get(section.id)?.load();
  }

  /** Ask which operations there are, and which scopes the token has. */
  async #ask() {
    const { signal } = this.#closing;
    const [description, caller] = await Promise.all([
      this.api.request("GET", "/openapi.json", { signal }),
      this.api.request("GET", "/caller", { signal }),
    ]);
    this.#operations = operationsOf(description);
    this.#scopes = new Set(Array.isArray(caller?.scopes) ? caller.scopes.map(String) : []);
  }
}
