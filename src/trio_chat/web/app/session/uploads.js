/** Uploads (`draft/FILEHOST`) with a token of this session for each file (`draft/authtoken`). */
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { flatten } from "./requests.js";
import { UploadQueue, UploadRefused } from "./upload_queue.js";

/** @import { Client } from "./client.js" */
/** @import { Upload } from "../model/types.js" */

/** @type {WeakMap<Client, UploadQueue>} */
const queues = new WeakMap();

/** @param {Client} client */
function queueOf(client) {
  let found = queues.get(client);
  if (!found) {
    found = new UploadQueue(client.model.clock);
    queues.set(client, found);
  }
  return found;
}

/**
 * Send a file in its turn; it can be cancelled.
 * @param {Client} client
 * @param {File} file
 * @param {(sent: number, total: number) => void} onProgress
 * @returns {Upload}
 */
export function upload(client, file, onProgress) {
  const request = new XMLHttpRequest();
  const aborted = new AbortController();
  const send = () => start(client, file, request, onProgress, aborted.signal);
  return {
    done: queueOf(client).run(aborted.signal, send),
    cancel() {
      aborted.abort();
      request.abort();
    },
  };
}

/**
 * @param {Client} client
 * @param {File} file
 * @param {XMLHttpRequest} request
 * @param {(sent: number, total: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
async function start(client, file, request, onProgress, signal) {
  const address = client.model.features.value.filehost;
  if (!address) throw new Error(_("This server takes no files."));
  await check(file);
  const token = await getToken(client);
  signal.throwIfAborted();
  // The server is asked where the page came from: its policy allows no other place.
  const url = new URL(new URL(address, location.href).pathname, location.origin);
  return new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total || file.size);
    request.onload = () => {
      const link = request.getResponseHeader("Location");
      if (request.status === 201 && link) resolve(new URL(link, url).href);
      else reject(refusal(request, file));
    };
    request.onerror = () => reject(new Error(lost(file)));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    request.open("POST", url);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("Content-Disposition", disposition(file.name));
    request.send(file);
  });
}

/**
 * Read a byte of a file: a request does not tell a folder from a lost connection.
 * @param {File} file
 */
async function check(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    const name = plainName(file.name);
    const text = _("{name} cannot be read: it is a folder, or was changed or moved.", { name });
    throw new UploadRefused(text, 0, true);
  }
}

/** @param {File} file */
function lost(file) {
  return _("The connection was lost: {name} was not sent.", { name: plainName(file.name) });
}

/** @param {Client} client */
async function getToken(client) {
  const messages = flatten(await client.request("TOKEN", ["GENERATE", "FILEHOST"]));
  const token = messages.find(
    ({ command, params }) => command === "TOKEN" && params[0] === "GENERATE",
  );
  if (!token) throw new Error(_("This server takes no files from you."));
  return token.params.at(-1) ?? "";
}

/**
 * Return the name of a file as a header (RFC 6266, RFC 8187).
 * @param {string} name
 */
function disposition(name) {
  const encoded = encodeURIComponent(name.slice(-200).toWellFormed()).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}

/**
 * @param {XMLHttpRequest} request
 * @param {File} file
 */
function refusal(request, file) {
  const { status, responseText } = request;
  const said = responseText.slice(0, 300).replace(/^\d{3}: /, "");
  const values = { name: plainName(file.name), reason: said.split("\n")[0] ?? "" };
  const isLater = status === 429 || status === 503;
  const seconds = isLater ? Number(request.getResponseHeader("Retry-After")) || 0 : 0;
  // It is empty, too large, or damaged.
  return new UploadRefused(explained(status, values), seconds, /^4(?:00|13|15)$/.test(`${status}`));
}

/**
 * @param {number} status
 * @param {{name: string, reason: string}} values
 */
function explained(status, values) {
  if (status === 413) return _("{name} is too large. {reason}", values);
  if (status === 507) return _("There is no room for {name}. {reason}", values);
  return _("{name} was not accepted. {reason}", values);
}
