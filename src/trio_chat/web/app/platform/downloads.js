/** Packages of the program that this server offers, and the system of the visitor. */

const PATH = "/download/";
const SHA256 = /^[0-9a-f]{64}$/u;
const NAME = /^[0-9A-Za-z.+~_-]+$/u;

/**
 * @typedef {object} Download
 * @property {string} name
 * @property {number} size In bytes.
 * @property {string} sha256 Empty as long as the server computes it.
 */

/**
 * @typedef {object} Offer What the server offers.
 * @property {Download[]} downloads
 * @property {Record<string, string>} systems The name of the package that fits a system best.
 * @property {string[]} commands Install the program with Python.
 * @property {string} address What a client connects to, or "".
 */

/**
 * @typedef {object} NavigatorHints What a browser says of its system: a hint that may be wrong.
 * @property {string} [userAgent]
 * @property {string} [platform]
 * @property {number} [maxTouchPoints]
 * @property {{platform?: string, mobile?: boolean}} [userAgentData] User-Agent Client Hints.
 */

/**
 * Return the system of a visitor, as the server names it: "" for a phone or an unknown one.
 * @param {NavigatorHints} hints
 */
export function systemOf({ userAgent = "", platform = "", maxTouchPoints = 0, userAgentData }) {
  const text = `${userAgentData?.platform ?? ""} ${platform} ${userAgent}`;
  if (userAgentData?.mobile || /Android|iPhone|iPad|iPod|CrOS|Chrome OS/u.test(text)) return "";
  if (/Windows|Win32|Win64/u.test(text)) return "windows";
  // An iPad calls itself a Macintosh, but no Mac has a touch screen.
  if (/Mac/u.test(text)) return maxTouchPoints > 1 ? "" : "mac";
  if (!/Linux|Ubuntu|Debian/u.test(text)) return "";
  const name = /Ubuntu|Debian/u.test(text) ? "debian" : "linux";
  return /aarch64|armv\d|arm64/iu.test(text) ? `${name}-arm` : name;
}

/**
 * Return the package for a system, or undefined when none fits.
 * @param {Offer} offer
 * @param {string} system
 */
export function fittingDownload({ downloads, systems }, system) {
  return downloads.find(({ name }) => Object.hasOwn(systems, system) && name === systems[system]);
}

/**
 * Return the offer in an answer of the server; what has another form is left out.
 * @param {any} answer
 * @returns {Offer}
 */
export function offerIn(answer) {
  const files = Array.isArray(answer?.files) ? answer.files : [];
  const commands = Array.isArray(answer?.commands) ? answer.commands : [];
  const { systems, address } = answer ?? {};
  return {
    downloads: files.filter(
      (/** @type {any} */ file) =>
        typeof file?.name === "string" &&
        NAME.test(file.name) &&
        Number.isSafeInteger(file.size) &&
        (file.sha256 === "" || SHA256.test(file.sha256)),
    ),
    systems: systems && typeof systems === "object" ? systems : {},
    commands: commands.filter((/** @type {any} */ command) => typeof command === "string"),
    address: typeof address === "string" ? address : "",
  };
}

/**
 * Request what the server offers: nothing when it cannot be reached, or has nothing.
 * @param {AbortSignal} signal
 */
export async function requestOffer(signal) {
  try {
    const response = await fetch(PATH, { headers: { Accept: "application/json" }, signal });
    return offerIn(response.ok ? await response.json() : null);
  } catch {
    return offerIn(null);
  }
}

/** @param {Download} download */
export const addressOf = ({ name }) => `${PATH}${name}`;
