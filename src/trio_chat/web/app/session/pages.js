/**
 * Pages of the history (IRCv3 `chathistory`): one request, and what the server answers.
 *
 * A server limits a page as it likes, and may leave messages out of it. Only a page without any
 * message, or with the tag `draft/chathistory-end`, says that there are no further ones.
 */
import { _ } from "../platform/i18n.js";
import { isBatch } from "./batches.js";
import { historyBlock } from "./events.js";
import { noteNewest } from "./numbers.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Reference } from "../model/timeline.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { Batch } from "./batches.js" */
/** @import { Client } from "./client.js" */

const MOST_IN_PAGE = 100;

/**
 * @typedef {object} Page
 * @property {Entry[]} entries The oldest first.
 * @property {Set<string>} msgids Those of all messages, hidden ones included.
 * @property {Reference|null} first The first message, which perhaps is hidden; null for none.
 * @property {Reference|null} last
 * @property {boolean} end Whether there are no further ones in this direction.
 */

/**
 * Fetch a page. Its reactions and deletions are applied.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {string} kind
 * @param {string[]} references
 * @returns {Promise<Page>}
 */
export async function fetchPage(client, buffer, kind, ...references) {
  const { model } = client;
  const most = model.isupport.number("CHATHISTORY") || MOST_IN_PAGE;
  const limit = String(Math.min(most, MOST_IN_PAGE));
  const items = await client.request("CHATHISTORY", [kind, buffer.name, ...references, limit]);
  const batch = items.find((item) => isBatch(item) && item.type === "chathistory");
  if (!batch || !isBatch(batch)) throw new Error(_("The server does not have these messages."));
  const { entries, reactions, deletions, msgids, hiddenFrom } = historyBlock(model, batch);
  buffer.hide(hiddenFrom);
  for (const entry of entries) entry.mention = model.isMention(buffer, entry);
  for (const each of deletions) client.redacted(buffer, each.msgid, each.nick);
  for (const each of reactions) buffer.timeline.react(each.msgid, each);
  if (kind === "LATEST") noteNewest(buffer, batch.items);
  const [first, last] = ends(batch);
  return { entries, msgids, first, last, end: batch.tags.has("draft/chathistory-end") || !first };
}

/**
 * Return the first and the last message of a batch.
 * @param {Batch} batch
 * @returns {[Reference|null, Reference|null]}
 */
function ends({ items }) {
  const all = items.flatMap(({ tags }) => {
    const time = Date.parse(tags.get("time") ?? "");
    return Number.isFinite(time) ? [{ msgid: tags.get("msgid") ?? "", time }] : [];
  });
  return [all[0] ?? null, all.at(-1) ?? null];
}

/**
 * Write a place in the history as the server wants it. A timestamp includes the messages of its
 * moment; those that are there already are recognized.
 * @param {Client} client
 * @param {Reference} place
 * @param {"before"|"after"} side What is asked for.
 */
export function reference(client, { msgid, time }, side) {
  const types = client.model.isupport.text("MSGREFTYPES", "msgid");
  if (msgid && types.split(",").includes("msgid")) return `msgid=${msgid}`;
  return stamp(side === "before" ? time + 1 : time - 1);
}

/** @param {number} time */
export function stamp(time) {
  return `timestamp=${new Date(time).toISOString()}`;
}
