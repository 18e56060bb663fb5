/** Registration of the service worker, where the browser allows it: in a secure context. */

/** Register the service worker; the page works without it. */
export function registerServiceWorker() {
  if (!window.isSecureContext || !("serviceWorker" in navigator)) return;
  // The page itself comes first.
  const register = () => navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  if (document.readyState === "complete") setTimeout(register, 2000);
  else addEventListener("load", () => setTimeout(register, 2000), { once: true });
}
