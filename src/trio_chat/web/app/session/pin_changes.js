/** Changes of the pinned messages of a channel: the commands PIN and UNPIN of ChanServ. */
import { _ } from "../platform/i18n.js";
import { flatten } from "./requests.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Client } from "./client.js" */

/**
 * Pin a message, or take that back.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {string} msgid
 * @param {boolean} pinned
 * @throws {Error} The server does not do it; the message is its sentence.
 */
export async function changePins(client, buffer, msgid, pinned) {
  const command = pinned ? "PIN" : "UNPIN";
  const messages = flatten(await client.request("CHANSERV", [command, buffer.name, msgid]));
  const lines = messages.filter(({ command }) => command === "NOTICE");
  for (const each of messages) if (!lines.includes(each)) client.dispatch(each, null);
  if (buffer.pins.peek().some((pin) => pin.msgid === msgid) === pinned) return;
  const text = lines.map(({ params }) => params[1] ?? "").join(" ");
  throw new Error(text || _("The server did not do it."));
}
