/**
 * Lifecycle of the page (HTML, Page Lifecycle): browsers stop the timers of hidden pages, freeze
 * them, keep them aside when the user goes back, and end them without a word.
 */

/**
 * @param {EventTarget & {document: EventTarget & {visibilityState: string}}} scope The window.
 * @param {{wake: () => void, leave: () => void}} actions `wake`: the page is looked at again, or
 *   there is a network again. `leave`: do what may have no later time.
 */
export function followLifecycle(scope, { wake, leave }) {
  const { document } = scope;
  scope.addEventListener("online", wake);
  scope.addEventListener("pageshow", wake);
  scope.addEventListener("pagehide", leave);
  document.addEventListener("resume", wake);
  document.addEventListener("freeze", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
    else leave();
  });
}
