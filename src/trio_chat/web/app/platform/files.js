/** Where the page's files are: `/v/<digest>/`, whether this module or a bundle of all is running. */

const FILES = import.meta.url.replace(/\/(?:app|bundle)\/[^?#]*$/u, "/");

/**
 * Return the address of a file of the page.
 * @param {string} name Its path within `web/`.
 */
export function fileAddress(name) {
  return FILES + name;
}
