/**
 * Messages of users that are ignored no longer. They were left out when they came, so the history is
 * asked for them, and they are put in their places.
 */
import { fetchPage, reference } from "./pages.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Client } from "./client.js" */

const MOST_PAGES = 20;

/**
 * Show what was left out, in one conversation after the other.
 * @param {Client} client
 */
export async function showHidden(client) {
  const { model } = client;
  const current = model.current.value;
  const others = model.buffers.value.filter((each) => each !== current);
  for (const buffer of current ? [current, ...others] : others) {
    const from = buffer.hiddenFrom;
    if (from === Infinity || !isKept(client, buffer)) continue;
    buffer.hiddenFrom = Infinity; // What is still hidden is noted again.
    await refill(client, buffer, from).catch(() => buffer.hide(from));
  }
}

/**
 * Return whether the server has the messages of a conversation, all of which are shown up to now.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 */
function isKept(client, buffer) {
  const { history, outgoing } = client;
  const isShown = buffer.joined.value && buffer.timeline.live.value;
  return client.isReady && history.available && isShown && outgoing.hasHistory(buffer);
}

/**
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {number} from When the first hidden message was sent.
 */
async function refill(client, buffer, from) {
  let page = await fetchPage(client, buffer, "LATEST", "*");
  let block = page.entries;
  for (let count = 1; count < MOST_PAGES; count += 1) {
    if (page.end || !page.first || page.first.time < from) break;
    page = await fetchPage(client, buffer, "BEFORE", reference(client, page.first, "before"));
    block = [...page.entries, ...block];
  }
  if (!isKept(client, buffer)) throw new Error("The timeline shows something else.");
  client.model.merge(buffer, 0, block);
}
