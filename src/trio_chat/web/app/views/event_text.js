/** Texts of events: a sentence for each kind. */

import { h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { plain, plainName } from "../text/formatting.js";
import { nickClass } from "../text/nick_colour.js";
import { lineNodes, saidNodes } from "../text/nodes.js";
import { rankName } from "./moderation.js";

/** @import { ComponentChildren } from "../../vendor/preact.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { TextOptions } from "../text/nodes.js" */

/**
 * Return the sentence of an event.
 * @param {Entry} entry
 * @param {TextOptions} options
 * @returns {ComponentChildren}
 */
export function eventText(entry, options) {
  const nick = name(entry.nick || _("The server"), entry.nick);
  const target = name(entry.target, entry.target);
  const text = h("bdi", { class: "detail" }, lineNodes(entry.text, options));
  const reason = entry.text ? [" (", text, ")"] : null;
  switch (entry.kind) {
    case "join":
      return sentence(_("{nick} joined"), { nick });
    case "part":
      return [sentence(_("{nick} left"), { nick }), reason];
    case "quit":
      return [sentence(_("{nick} quit"), { nick }), reason];
    case "nick":
      return sentence(_("{nick} is now {target}"), { nick, target });
    case "kick":
      // Without a reason servers give the name of the operator.
      return [
        sentence(_("{nick} removed {target}"), { nick, target }),
        entry.text === entry.nick ? null : reason,
      ];
    case "mode":
      return modeText(nick, entry.text);
    case "topic":
      return entry.text
        ? sentence(_("{nick} changed the topic: {text}"), { nick, text })
        : sentence(_("{nick} removed the topic"), { nick });
    case "rename":
      return sentence(_("{nick} renamed the channel to {text}"), {
        nick,
        text: h("bdi", null, plainName(entry.text)),
      });
    case "invite":
      return sentence(_("{nick} invited {target}"), { nick, target });
    default:
      return saidNodes(entry.text, options);
  }
}

/** Prefixes of the ranks, by their modes. @type {Record<string, string>} */
const RANKS = { q: "~", a: "&", o: "@", h: "%", v: "+" };

/**
 * Return the sentence of a mode change. The usual ones are in words, the others as the server writes
 * them: a mask has signs that would be taken for Markdown.
 * @param {ComponentChildren} nick
 * @param {string} change
 */
function modeText(nick, change) {
  const [, sign, mode = "", value = ""] = /^([+-])([qaohvb]) (\S+)$/u.exec(change) ?? [];
  const given = sign === "+";
  const rank = rankName(RANKS[mode] ?? "");
  if (rank) {
    const target = name(value, value);
    const text = given
      ? _("{nick} gave {target} the rank: {rank}")
      : _("{nick} took from {target} the rank: {rank}");
    return sentence(text, { nick, target, rank });
  }
  if (mode === "b") {
    const [mask, isMute] = [value.replace(/^~?m:/u, ""), /^~?m:/u.test(value)];
    const target = h("bdi", null, plainName(mask.replace(/!\*@\*$/u, "")));
    const banned = given ? _("{nick} banned {target}") : _("{nick} lifted the ban of {target}");
    const muted = given ? _("{nick} muted {target}") : _("{nick} unmuted {target}");
    return sentence(isMute ? muted : banned, { nick, target });
  }
  const text = h("bdi", { class: "detail" }, plain(change));
  return sentence(_("{nick} set the mode {text}"), { nick, text });
}

/**
 * @param {string} shown
 * @param {string} nick
 */
function name(shown, nick) {
  return h("bdi", { class: `who ${nick ? nickClass(nick) : ""}` }, plainName(shown));
}

/**
 * Return a translated sentence with elements for its names in braces.
 * @param {string} text
 * @param {Record<string, ComponentChildren>} values
 * @returns {ComponentChildren[]}
 */
export function sentence(text, values) {
  return text.split(/\{(\w+)\}/u).map((part, number) => (number % 2 ? values[part] : part));
}
