/** Commands about one message: replies, reactions, deletion, pins, reports. */
import { isMessage } from "../../model/entries.js";
import { N_, _, language } from "../../platform/i18n.js";
import { part } from "../../platform/parts.js";
import { plain } from "../../text/formatting.js";
import { askService } from "../queries.js";
import { channelAndRest, command, isOffline, notInChannel, optional, usageOf } from "./registry.js";

/** @import { Entry } from "../../model/types.js" */
/** @import { Context } from "./registry.js" */

command(
  "reply",
  N_("[@nickname] text"),
  N_("answers the last message, or that of somebody; @2 is the last but one"),
  [1, 2],
  ["@nick", ""],
  (context, words) => {
    const [entry, text] = messageAndRest(context, words, false);
    if (entry && text) context.client.outgoing.send(context.buffer, text, "message", entry.msgid);
  },
  true,
);

command(
  "react",
  N_("[@nickname] emoji"),
  N_("reacts to the last message, or that of somebody; again: takes that back"),
  [1, 2],
  ["@nick", "emoji"],
  (context, words) => {
    const [entry, reaction] = messageAndRest(context, words, false);
    if (!entry || !reaction || isOffline(context)) return;
    const { actions, buffer, client } = context;
    const mine = entry.reactions?.get(reaction)?.has(client.model.me.nick.value);
    if (mine) actions.unreact(buffer, entry, reaction);
    else actions.react(buffer, entry, reaction);
  },
);

command(
  "translate",
  N_("[@nickname] [language] | language text"),
  N_(
    "translates the last message of somebody else into your language, or a text that you are about to write",
  ),
  [0, 3],
  ["@nick", ""],
  (context, words) => void translated(context, words),
);

/**
 * @param {Context} context
 * @param {string[]} words
 */
async function translated(context, words) {
  const { actions, buffer, client, tell } = context;
  try {
    const [first = "", ...others] = words;
    if (others.length && !first.startsWith("@")) {
      const { translateText } = await part(client, import("../translations.js"));
      const { text } = await translateText(client, others.join(" "), first);
      const line = plain(text).replaceAll("\n", " ");
      // Enter sends it. What begins with a slash would be a command.
      if (buffer.draft.value) tell(text);
      else buffer.draft.value = line.startsWith("/") ? `/${line}` : line;
      return;
    }
    const [entry, wanted] = messageAndRest(context, words, false);
    if (!entry) return;
    const { text } = await actions.translate(buffer, entry, wanted || language.value);
    tell(`${entry.nick}: ${text}`);
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), true);
  }
}

command(
  "redact",
  N_("[@nickname] [reason]"),
  N_("deletes your last message, or that of somebody if you may"),
  [0, 2],
  ["@nick", ""],
  (context, words) => {
    const [entry, reason] = messageAndRest(context, words, true);
    const { client, buffer } = context;
    if (entry) client.command(buffer, "REDACT", buffer.name, entry.msgid, ...optional(reason));
  },
);

command(
  "pin",
  N_("[@nickname]"),
  N_("pins the last message of the channel, or that of somebody, if you are its operator"),
  [0, 1],
  ["@nick"],
  (context, words) => {
    const [entry, rest] = messageAndRest(context, words, null);
    if (rest) context.tell(usageOf("pin"), true);
    else if (entry) chanServ(context, "PIN", entry.msgid);
  },
);

command(
  "unpin",
  N_("number"),
  N_("takes a pin back; /pins shows the numbers"),
  [1, 1],
  [],
  (context, [number = ""]) => chanServ(context, "UNPIN", number),
);

command(
  "pins",
  N_("[#channel]"),
  N_("shows the pinned messages of the channel"),
  [0, 1],
  ["channel"],
  (context, words) => {
    const [buffer] = channelAndRest(context, words);
    if (buffer) chanServ({ ...context, buffer }, "PINS");
  },
);

command(
  "report",
  N_("[@nickname] reason"),
  N_(
    "reports the last message, or that of somebody, to the operators of the channel; a private one to those of the server",
  ),
  [1, 2],
  ["@nick", ""],
  (context, words) => {
    const [entry, reason] = messageAndRest(context, words, false);
    if (entry && reason) answered(context, context.actions.report(context.buffer, entry, reason));
    else if (entry)
      context.tell(usageOf("report"), true);
  },
);

command(
  "upload",
  "",
  N_("says how files are sent"),
  [0, 1],
  [],
  ({ tell }) =>
    tell(_("The button with the paperclip attaches files. They can also be pasted, or dropped here.")),
);

/**
 * Have ChanServ do something in the channel, and show its answer.
 * @param {Context} context
 * @param {string} command
 * @param {string[]} words
 */
function chanServ(context, command, ...words) {
  const { client, buffer } = context;
  if (buffer.kind !== "channel") notInChannel(context);
  else
    answered(
      context,
      askService(client, "CHANSERV", command, buffer.name, ...words).then((lines) => lines.join("\n")),
    );
}

/**
 * @param {Context} context
 * @param {Promise<string>} answer
 */
function answered({ tell }, answer) {
  answer.then(
    (text) => tell(text),
    (error) => tell(error.message, true),
  );
}

/**
 * Return the message that the words name, and the rest.
 * @param {Context} context
 * @param {string[]} words
 * @param {boolean|null} own Whether the last one is the user's own without a name; null for whoever
 *   has said it.
 * @returns {[Entry|null, string]}
 */
function messageAndRest({ client, buffer, tell }, words, own) {
  const isNamed = /^@./.test(words[0] ?? "");
  const name = isNamed ? (words[0] ?? "").slice(1) : "";
  const number = /^\d+$/.test(name) ? Number(name) : 0;
  const all = buffer.timeline.entries.filter(
    (each) => each.msgid && isMessage(each) && !each.redactedBy,
  );
  const fits = (/** @type {Entry} */ each) =>
    name && !number ? client.model.same(each.nick, name) : number || own === null || each.self === own;
  const entry = all.filter(fits).at(-(number || 1)) ?? null;
  if (!entry) tell(_("There is no such message here."), true);
  return [entry, (isNamed ? words.slice(1) : words).join(" ")];
}
