/**
 * Deletions while there was no connection. A server that has deleted a message (IRCv3
 * `message-redaction`) may leave it out of its history without a word.
 *
 * That a page lacks a message is no proof of a deletion: the server does not keep everything, not
 * forever, and not for everybody. So a message counts as deleted only between two others that the
 * page has, if it must be in this history, and can be read by this user.
 */
import { isMessage } from "../model/entries.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { Client } from "./client.js" */
/** @import { Page } from "./pages.js" */

/**
 * Remove the texts of messages that the newest page of the history does not have any longer.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {Page} page The newest page, whose messages are in the timeline.
 * @param {Entry|undefined} after The last message of the earlier connection: what the history had
 *   then is in a page of the newest messages, or was deleted.
 */
export function redactMissing(client, buffer, page, after) {
  const { timeline } = buffer;
  if (!client.model.features.value.redaction || !page.first) return;
  const { entries } = timeline;
  const isInPage = (/** @type {Entry} */ entry) => page.msgids.has(entry.msgid);
  const start = entries.findIndex((entry) => entry.msgid !== "" && isInPage(entry));
  if (start < 0) return;
  const last = entries.findLastIndex((entry) => entry.msgid !== "" && isInPage(entry));
  const end = Math.max(last, after ? timeline.indexOf(after) + 1 : 0);
  for (const entry of entries.slice(start + 1, end)) {
    if (isInPage(entry) || !mustBeKept(buffer, entry)) continue;
    client.redacted(buffer, entry.msgid, entry.nick);
  }
}

/**
 * Return whether a message is in the history as long as nobody deletes it.
 * @param {ChatBuffer} buffer
 * @param {Entry} entry
 */
function mustBeKept(buffer, entry) {
  if (!entry.stored || !entry.msgid || !isMessage(entry) || entry.redactedBy) return false;
  // With an account, and without one, a user has another conversation of the same name.
  if (buffer.kind === "private") return entry.account !== "" && !entry.self;
  // A channel that was created anew does not show what was said in the former one.
  return buffer.created > 0 && entry.time >= buffer.created;
}
