/** Resource: one object of the API, such as what the server says about itself. */

import { signal } from "../../vendor/signals-core.js";

/** @import { Api } from "./api.js" */
/** @import { Item } from "./listing.js" */

/** The resource. */
export class Resource {
  #generation = 0;

  /**
   * @param {Api} api
   * @param {string} path
   */
  constructor(api, path) {
    this.api = api;
    this.path = path;
    this.value = signal(/** @type {Item|null} */ (null));
    this.state = signal(/** @type {"loading"|"ready"|"failed"} */ ("loading"));
    this.problem = signal("");
  }

  /** Load it; what was shown stays meanwhile. */
  async load() {
    this.#generation += 1;
    const own = this.#generation;
    this.state.value = "loading";
    this.problem.value = "";
    try {
      const value = await this.api.request("GET", this.path);
      if (own !== this.#generation) return;
      this.value.value = value && typeof value === "object" ? value : {};
      this.state.value = "ready";
    } catch (error) {
      if (own !== this.#generation) return;
      this.problem.value = error instanceof Error ? error.message : String(error);
      this.state.value = "failed";
    }
  }
}
