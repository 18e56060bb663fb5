/**
 * Requests to the HTTP API of the server (`/api/v1`), with a token in the header `Authorization`.
 *
 * A browser adds that header to no request by itself, and no cookie is sent: another site can make
 * the browser of an operator request something, but not with its rights (CSRF). The token is in
 * this object only, neither in storage nor in an address, and is gone with the page.
 */

import { _, language } from "../platform/i18n.js";
import { EventStreamParser } from "./event_stream.js";

/** @import { ServerEvent } from "./event_stream.js" */

export const BASE = "/api/v1";
/** Milliseconds before its end at which a token is no longer used. */
const MARGIN = 30_000;
const ANSWER_WITHIN = 60_000;

/**
 * A request that the server has refused, or not answered.
 * @property {number} status That of HTTP; 0 without an answer.
 */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} text Sentence for the user.
   */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/**
 * What the API is asked with; tests give their own.
 * @typedef {object} Platform
 * @property {typeof fetch} [fetch]
 * @property {() => number} [now] Milliseconds of Unix time.
 */

/**
 * @typedef {object} RequestOptions
 * @property {Record<string, string|number>} [query]
 * @property {unknown} [body] Sent as JSON.
 * @property {AbortSignal} [signal]
 */

/** The API. */
export class Api {
  /** @type {string} */
  #token = "";
  #endsAt = 0;
  /** @type {Promise<string>|null} */
  #asking = null;

  /**
   * @param {() => Promise<{token: string, seconds: number}>} askToken Asks for a new token.
   * @param {Platform} [platform]
   */
  constructor(askToken, platform = {}) {
    this.askToken = askToken;
    this.fetch = platform.fetch ?? ((...args) => globalThis.fetch(...args));
    this.now = platform.now ?? Date.now;
  }

  /**
   * Send a request and return its answer as JSON; null for an empty one.
   * @param {string} method
   * @param {string} path Below `/api/v1`.
   * @param {RequestOptions} [options]
   * @returns {Promise<any>}
   * @throws {ApiError}
   */
  async request(method, path, options = {}) {
    const limit = AbortSignal.timeout(ANSWER_WITHIN);
    const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    const response = await this.#send(method, path, { ...options, signal });
    const text = await response.text().catch(() => {
      throw new ApiError(0, lost());
    });
    if (!text) return null;
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiError(response.status, _("The server has answered with something else than data."));
    }
  }

  /**
   * Return a page of a list, and the cursor of the next one; "" at the end.
   * @param {string} path
   * @param {Record<string, string|number>} [query]
   * @param {AbortSignal} [signal]
   * @returns {Promise<{items: Record<string, any>[], next: string}>}
   */
  async list(path, query, signal) {
    const page = await this.request("GET", path, { query, signal });
    const items = Array.isArray(page?.items) ? page.items : [];
    const isItem = (/** @type {unknown} */ each) => typeof each === "object" && each !== null;
    return { items: items.filter(isItem), next: String(page?.next ?? "") };
  }

  /**
   * Pass the events of a stream (Server-Sent Events) to a function, until the server ends it.
   * @param {string} path
   * @param {(event: ServerEvent) => void} onEvent
   * @param {AbortSignal} signal Ends it.
   * @throws {ApiError} It is refused, or the connection is lost.
   */
  async stream(path, onEvent, signal) {
    const response = await this.#send("GET", path, { signal, accept: "text/event-stream" });
    const reader = response.body?.getReader();
    const parser = new EventStreamParser(onEvent);
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { done = true, value } = (await reader?.read()) ?? {};
        if (done) return;
        parser.push(decoder.decode(value, { stream: true }));
      }
    } catch {
      throw new ApiError(0, lost());
    } finally {
      void reader?.cancel().catch(() => {});
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions & {accept?: string}} options
   * @returns {Promise<Response>}
   */
  async #send(method, path, { query = {}, body, signal, accept = "application/json" }) {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    ).toString();
    const address = `${BASE}${path}${search ? `?${search}` : ""}`;
    for (let isAgain = false; ; isAgain = true) {
      const token = await this.#bearer();
      /** @type {Record<string, string>} */
      const headers = {
        Authorization: `Bearer ${token}`,
        Accept: accept,
        // That of the page, which may be another one than the browser's: refusals are in it.
        "Accept-Language": language.value,
      };
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const response = await this.fetch(address, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        signal,
      }).catch(() => {
        throw new ApiError(0, lost());
      });
      if (response.ok) return response;
      // The token has ended on the server before it has here, such as by a restart.
      if (response.status === 401 && this.#token === token) this.#token = "";
      if (response.status !== 401 || isAgain) throw await problemOf(response);
    }
  }

  /** Return a token that holds, perhaps a new one. Requests at the same time ask for one. */
  async #bearer() {
    if (this.#token && this.now() < this.#endsAt - MARGIN) return this.#token;
    this.#asking ??= this.askToken()
      .then(({ token, seconds }) => {
        this.#token = token;
        // One that is shorter than the margin is used once.
        this.#endsAt = this.now() + seconds * 1000;
        return token;
      })
      .catch((/** @type {Error} */ error) => {
        throw new ApiError(401, error.message);
      })
      .finally(() => (this.#asking = null));
    return this.#asking;
  }
}

function lost() {
  return _("The server cannot be reached. Check the connection, and try again.");
}

/**
 * Return the error of a refusal: what its problem details say (RFC 9457), or what the status means.
 * @param {Response} response
 */
async function problemOf(response) {
  const { status, headers } = response;
  const type = headers.get("content-type") ?? "";
  const problem = /[/+]json\b/u.test(type) ? await response.json().catch(() => null) : null;
  const said = problem?.detail || problem?.title;
  return new ApiError(status, typeof said === "string" && said ? said : meaning(status));
}

/** @param {number} status */
function meaning(status) {
  if (status === 401) return _("The server does not accept the token. Become an operator again.");
  if (status === 403) return _("You have no right to that.");
  if (status === 404) return _("It is not there any longer.");
  if (status === 409) return _("It has changed meanwhile. Load the list again.");
  if (status === 429) return _("There were too many requests. Wait a moment, and try again.");
  return _("The server could not do that ({status}).", { status });
}
