/**
 * Numbers of the messages of a channel (`trio-chat/number`): each is one more than the one before it,
 * so that a larger step shows a message that has not arrived. It is fetched from the history, which
 * decides: what is not there either was deleted.
 */
import { isBatch } from "./batches.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Item } from "./batches.js" */
/** @import { Client } from "./client.js" */

const TAG = "trio-chat/number";
const MULTILINE = "draft/multiline";
const LABELED = "labeled-response";

/**
 * Return the number of a message; 0 for none.
 * @param {Item} item
 */
function numberOf({ tags }) {
  const text = tags.get(TAG) ?? "";
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}

/**
 * Note the numbers of what has just arrived, and have the history fill a gap.
 * @param {Client} client
 * @param {Item} item
 */
export function noteNumbers(client, item) {
  if (isBatch(item) && item.type === LABELED) {
    for (const each of item.items) noteNumbers(client, each);
    return;
  }
  const number = isBatch(item) && item.type !== MULTILINE ? 0 : numberOf(item);
  const buffer = number ? client.model.get(item.params[0] ?? "") : undefined;
  if (!buffer || buffer.kind !== "channel") return;
  const { lastNumber, timeline } = buffer;
  buffer.lastNumber = Math.max(lastNumber, number);
  if (!lastNumber || number <= lastNumber + 1 || !timeline.live.value) return;
  buffer.missedAfter ??= timeline.newest;
  client.history.fillGap(buffer);
}

/**
 * Note the numbers of the newest page of the history.
 * @param {ChatBuffer} buffer
 * @param {readonly Item[]} items
 */
export function noteNewest(buffer, items) {
  buffer.lastNumber = Math.max(buffer.lastNumber, ...items.map(numberOf));
}
