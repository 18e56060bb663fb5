/** The HTTP API of a server in memory: what it answers by method and path, and what it was asked. */

import { Api } from "../../src/trio_chat/web/app/admin/api.js";

// Formatters of dates and numbers follow the languages of the browser, which node may not have.
globalThis.navigator ??= /** @type {Navigator} */ ({ languages: ["en-GB"], language: "en-GB" });

/** Return a handler that answers with JSON. */
export function json(value, status = 200) {
  return () =>
    new Response(JSON.stringify(value), {
      status,
      headers: { "content-type": "application/json" },
    });
}

/** Return a handler that refuses with problem details (RFC 9457). */
export function problem(status, detail) {
  return () =>
    new Response(JSON.stringify({ title: "Refused", detail, status }), {
      status,
      headers: { "content-type": "application/problem+json" },
    });
}

/** Let everything happen that waits for nothing but its turn. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The server. A path that it does not have is 404. */
export class FakeApi {
  /** @param {Record<string, Function>} answers Handlers by `METHOD /path`. */
  constructor(answers) {
    this.answers = answers;
    this.requests = [];
    this.asked = 0;
    this.time = Date.UTC(2026, 0, 31, 12);
    this.askToken = async () => ({ token: `token-${(this.asked += 1)}`, seconds: 600 });
    this.platform = { fetch: (url, options) => this.fetch(url, options), now: () => this.time };
    this.api = new Api(() => this.askToken(), this.platform);
  }

  async fetch(url, options) {
    this.requests.push({ url, options });
    const { pathname, searchParams } = new URL(url, "http://chat");
    const handler = this.answers[`${options.method} ${pathname}`] ?? problem(404, "There is none.");
    const body = options.body === undefined ? undefined : JSON.parse(options.body);
    return handler({ query: searchParams, headers: options.headers, body });
  }

  /** What was asked with this method, as [path, body]. */
  sent(method) {
    return this.requests
      .filter(({ options }) => options.method === method)
      .map(({ url, options }) => [
        url.replace("/api/v1", ""),
        options.body === undefined ? undefined : JSON.parse(options.body),
      ]);
  }
}
