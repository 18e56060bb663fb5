/** The command about notifications: levels of conversations, and pauses. */
import { N_, _, plural } from "../../platform/i18n.js";
import { levelName } from "../../text/level_names.js";
import { command, withoutSign } from "./registry.js";

/** @import { ChatBuffer } from "../../model/buffer.js" */
/** @import { Notify } from "../../model/types.js" */
/** @import { Context } from "./registry.js" */

/** @type {Record<string, number>} */
const UNITS = { m: 60, h: 3600, d: 86_400 };
/** @type {Record<string, Notify|"">} */
const LEVELS = { all: "all", mentions: "mentions", nothing: "none", default: "" };

command(
  "notify",
  N_("[#channel, nickname or *] [all, mentions, nothing, default, or a pause such as 2h]"),
  N_("shows or sets of which messages you are notified; * is for all conversations"),
  [0, 2],
  ["channel", ""],
  (context, words) => {
    const isChoice = (/** @type {string} */ word) => Object.hasOwn(LEVELS, word) || /^\d+[mhd]$/.test(word);
    const [first = "", second = ""] = words.map((each) => each.toLowerCase());
    const target = isChoice(first) && !second ? "" : (words[0] ?? "");
    const buffer = notifyTarget(context, target);
    if (buffer === undefined) return;
    const wanted = target ? second : first;
    const pause = /^(\d{1,4})([mhd])$/.exec(wanted);
    if (pause) context.actions.pauseNotify(buffer, Number(pause[1]) * (UNITS[pause[2] ?? ""] ?? 0));
    else if (Object.hasOwn(LEVELS, wanted)) context.actions.setNotify(buffer, LEVELS[wanted] ?? "");
    else if (wanted) context.tell(_("This is no level, and no pause: {word}", { word: wanted }), true);
    if (!wanted || pause || Object.hasOwn(LEVELS, wanted)) showLevel(context, buffer);
  },
);

/**
 * Return the conversation that a name means, null for all; undefined when there is none.
 * @param {Context} context
 * @param {string} name
 * @returns {ChatBuffer|null|undefined}
 */
function notifyTarget({ client, buffer, tell }, name) {
  if (name === "*") return null;
  const found = name ? client.model.get(withoutSign(name)) : buffer;
  if (found && found.kind !== "server") return found;
  if (!name) return null;
  tell(_("There is no conversation {name}.", { name }), true);
  return undefined;
}

/**
 * @param {Context} context
 * @param {ChatBuffer|null} buffer
 */
function showLevel({ client, actions, tell }, buffer) {
  const { level, until } = actions.notifyChoice(buffer);
  const name = buffer ? buffer.name : _("All conversations");
  const shown = level || (buffer && actions.notifyChoice(null).level) || "mentions";
  const text = _("{name}: you are notified of {level}.", { name, level: levelName(shown) });
  const left = until ? Math.ceil((until - client.clock.now()) / 60_000) : 0;
  const pause = plural("Paused for {count} minute.", "Paused for {count} minutes.", left);
  tell(left ? `${text} ${pause}` : text);
}
