/** What the user types: a message, or a command that begins with a slash. */
import { _ } from "../platform/i18n.js";

/** @import { Context } from "./commands/registry.js" */

/**
 * Carry out a typed line. One that begins with `//`, or with a space before its slash, is a message
 * that begins with a slash.
 * @param {Context} context
 * @param {string} line
 * @returns {boolean|Promise<boolean>} Whether it was taken; if not, the user was told why.
 */
export function interpret(context, line) {
  const { client, buffer } = context;
  const text = line.replace(/\0/g, "").replace(/\r\n?/g, "\n").trimEnd();
  if (!text.trim()) return false;
  const isCommand = text.startsWith("/") && !text.startsWith("//");
  if (isCommand) {
    return import("./commands/table.js").then(({ runCommand }) => runCommand(context, text));
  }
  if (buffer.kind === "server") {
    context.tell(
      _(
        "You are not in a channel. Join one with /join #channel, or write to one person with /msg nickname text.",
      ),
      true,
    );
    return false;
  }
  if (!buffer.joined.value && client.isReady && !client.channels.has(buffer.name)) {
    context.tell(
      _("You are not in {name}. Join it first: /join {name}", { name: buffer.name }),
      true,
    );
    return false;
  }
  const message = text.replace(/^\/\//, "/").replace(/^\s+\//, "/");
  client.typing.messageSent(buffer);
  return client.outgoing.send(buffer, message, "message", buffer.replyTo.value?.msgid ?? "");
}
