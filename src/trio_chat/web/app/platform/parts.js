/** Parts of the page that are loaded when they are used. */

import { _ } from "./i18n.js";

/**
 * Return why a part could not be loaded.
 * @param {boolean} isConnected If so, the server does not have it any longer.
 */
export function unloaded(isConnected) {
  return isConnected
    ? _("This part of the page could not be loaded. Reload the page: the server may have a newer one.")
    : _("A part of the page could not be loaded. Try again when there is a connection.");
}

/**
 * Wait for a part. The browser says of one that cannot be loaded what only programmers understand.
 * @template T
 * @param {{isReady: boolean}} client
 * @param {Promise<T>} loading
 * @returns {Promise<T>}
 */
export function part(client, loading) {
  return loading.catch(() => {
    throw new Error(unloaded(client.isReady));
  });
}
