/** Installation of the page as an application, where the browser offers it to scripts. */

import { signal } from "../../vendor/signals-core.js";

/** @typedef {Event & {prompt: () => Promise<unknown>}} InstallPrompt */

/** The browser's question, which it asks once; null when it has none. */
export const installPrompt = signal(/** @type {InstallPrompt|null} */ (null));

/**
 * Keep the browser's question until the user wants to install the page.
 * @returns {() => void} Stops it.
 */
export function watchInstall() {
  const controller = new AbortController();
  const { signal: stop } = controller;
  const keep = (/** @type {Event} */ event) => {
    event.preventDefault(); // the user reads: no bar over the conversation
    installPrompt.value = /** @type {InstallPrompt} */ (event);
  };
  addEventListener("beforeinstallprompt", keep, { signal: stop });
  addEventListener("appinstalled", () => (installPrompt.value = null), { signal: stop });
  return () => controller.abort();
}

/** Ask whether to install the page. */
export function install() {
  const question = installPrompt.peek();
  installPrompt.value = null;
  void question?.prompt().catch(() => undefined);
}
