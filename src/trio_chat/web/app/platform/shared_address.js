/**
 * The address of the page as others reach it. Few need it, so it is not with the fragments, which
 * each page reads first.
 */

/**
 * Return the address of the page for other people, without a fragment. A page that was opened as
 * `localhost` knows from the server how other machines reach it.
 */
export function sharedAddress() {
  return globalThis.document?.documentElement.dataset["page"] || `${location.origin}${location.pathname}`;
}

/**
 * Return whether an address leads to the machine itself that opens it.
 * @param {string} address
 */
export function isOwnMachine(address) {
  const { hostname } = new URL(address);
  return /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/u.test(hostname);
}
