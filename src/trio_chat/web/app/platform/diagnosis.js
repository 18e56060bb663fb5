/** Diagnosis: why the server opens no WebSocket. The answer to that has no text for a script. */
import { _ } from "./i18n.js";

/**
 * Ask by HTTP.
 * @param {{pathname: string, protocol: string}} place
 * @param {{fetch: typeof fetch, isOnline: () => boolean}} [platform]
 * @returns {Promise<string>} A sentence for the user; "" when nothing better is known.
 */
export async function diagnose({ pathname, protocol }, platform = browser) {
  /** @type {Response} */
  let response;
  try {
    response = await platform.fetch(pathname, { method: "HEAD", cache: "no-store" });
  } catch {
    if (!platform.isOnline()) return _("This device has no network at the moment.");
    // A browser lets the user accept another certificate only when the page itself is loaded.
    return protocol === "https:"
      ? _("The server cannot be reached. If its certificate has changed, reload this page.")
      : "";
  }
  const { status } = response;
  if (status === 429) return _("The server has too many connections from your network.");
  if (status === 403) return _("The server does not accept the address of this page.");
  if (status >= 500) return _("The server is not ready, or the way to it is interrupted.");
  return _(
    "The server answers, but opens no connection for the chat: it is full, or something on the way lets no WebSocket through.",
  );
}

const browser = {
  /** @type {typeof fetch} */
  fetch: (...request) => fetch(...request),
  isOnline: () => navigator.onLine,
};
