/** Packages of the program that this server offers, and the choice of the one for a system. */

const PATH = "/download/";
const SHA256 = /^[0-9a-f]{64}$/u;
const NAME = /^[0-9A-Za-z.+~_-]+$/u;

/** Beginnings and ends of names that fit a system, the best first. */
const DEBIAN = /^trio-chat_.*\.deb$/u;
const WHEEL = /^trio[-_]chat-.*\.whl$/u;
const OFFLINE = /^trio-chat-offline-.*\.zip$/u;

/** @type {Record<string, RegExp[]>} */
const FITTING = {
  windows: [
    /^trio-chat-setup-.*\.exe$/u,
    /^trio-chat-client-.*\.exe$/u,
    /^trio-chat-portable-.*\.zip$/u,
  ],
  debian: [DEBIAN, WHEEL, OFFLINE],
  linux: [WHEEL, OFFLINE, DEBIAN],
  mac: [WHEEL, OFFLINE],
};

/**
 * @typedef {object} Download
 * @property {string} name
 * @property {number} size In bytes.
 * @property {string} sha256
 */

/**
 * @typedef {object} NavigatorHints What a browser says of its system: a hint that may be wrong.
 * @property {string} [userAgent]
 * @property {string} [platform]
 * @property {number} [maxTouchPoints]
 * @property {{platform?: string, mobile?: boolean}} [userAgentData] User-Agent Client Hints.
 */

/**
 * Return the system of a visitor: a key of `FITTING`, or "" for a phone or an unknown one.
 * @param {NavigatorHints} hints
 */
export function systemOf({ userAgent = "", platform = "", maxTouchPoints = 0, userAgentData }) {
  const text = `${userAgentData?.platform ?? ""} ${platform} ${userAgent}`;
  if (userAgentData?.mobile || /Android|iPhone|iPad|iPod|CrOS|Chrome OS/u.test(text)) return "";
  if (/Windows|Win32|Win64/u.test(text)) return "windows";
  // An iPad calls itself a Macintosh, but no Mac has a touch screen.
  if (/Mac/u.test(text)) return maxTouchPoints > 1 ? "" : "mac";
  if (/Ubuntu|Debian/u.test(text)) return "debian";
  return /Linux/u.test(text) ? "linux" : "";
}

/**
 * Return the package for a system, or undefined when none fits.
 * @param {Download[]} downloads The newest first.
 * @param {string} system
 */
export function fittingDownload(downloads, system) {
  for (const pattern of FITTING[system] ?? []) {
    const found = downloads.find(({ name }) => pattern.test(name));
    if (found) return found;
  }
  return undefined;
}

/**
 * Return the packages in an answer of the server; what has another form is left out.
 * @param {any} answer
 * @returns {Download[]}
 */
export function downloadsIn(answer) {
  const files = Array.isArray(answer?.files) ? answer.files : [];
  return files.filter(
    (/** @type {any} */ file) =>
      typeof file?.name === "string" &&
      NAME.test(file.name) &&
      Number.isSafeInteger(file.size) &&
      SHA256.test(file.sha256),
  );
}

/**
 * Request the packages; none when the server cannot be reached, or has none.
 * @param {AbortSignal} signal
 */
export async function requestDownloads(signal) {
  try {
    const response = await fetch(PATH, { headers: { Accept: "application/json" }, signal });
    return response.ok ? downloadsIn(await response.json()) : [];
  } catch {
    return [];
  }
}

/** @param {Download} download */
export const addressOf = ({ name }) => `${PATH}${name}`;
