/** The command for calls. */
import { isMessage } from "../../model/entries.js";
import { N_, _ } from "../../platform/i18n.js";
import { callMessage, isBase, isSecret, newRoom, roomIn } from "../../text/calls.js";
import { command, notInChannel } from "./registry.js";

/** @import { ChatBuffer } from "../../model/buffer.js" */

/** People meet in a room that was opened so long ago, instead of in another one. */
const RECENT_MS = 3_600_000;

command(
  "call",
  N_("[new] [what it is about]"),
  N_("posts a link to a room for a call by voice and video, or shows that of a recent call"),
  [0, 1],
  [],
  (context, [about = ""]) => {
    const { client, buffer, tell } = context;
    const { call } = client.model.features.value;
    const base = isBase(call) ? call : "";
    const isNew = /^new(?: |$)/u.test(about);
    const recent = isNew ? "" : recentCall(base, buffer, client.model.clock.now());
    if (buffer.kind === "server") notInChannel(context);
    else if (!base)
      tell(
        _("This server has no rooms for calls; its operator sets them up with [call] base."),
        true,
      );
    else if (recent)
      tell(_("There is a call: {url} (/call new opens another room)", { url: recent }));
    else {
      const url = newRoom(base, buffer.kind === "channel" ? buffer.name : "");
      const text = callMessage(url, isNew ? about.slice("new".length) : about);
      client.outgoing.send(buffer, text, "message", "");
    }
  },
);

/**
 * Return the address of the newest recent call of a conversation, "" if there is none.
 * @param {string} base
 * @param {ChatBuffer} buffer
 * @param {number} now
 */
function recentCall(base, buffer, now) {
  const recent = buffer.timeline.entries.filter(
    (entry) =>
      isMessage(entry) &&
      !(entry.redactedBy || entry.failed || entry.pending) &&
      entry.time >= now - RECENT_MS,
  );
  const rooms = recent.map((entry) => roomIn(base, entry.text));
  return rooms.filter(isSecret).at(-1) ?? "";
}
