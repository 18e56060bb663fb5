/** Texts of events: a sentence for each kind. */

import { h } from "../../vendor/preact.js";
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { nickClass } from "../text/nick_colour.js";
import { lineNodes, textNodes } from "../text/nodes.js";

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
      return [sentence(_("{nick} removed {target}"), { nick, target }), reason];
    case "mode":
      return sentence(_("{nick} set the mode {text}"), { nick, text });
    case "topic":
      return entry.text
        ? sentence(_("{nick} changed the topic: {text}"), { nick, text })
        : sentence(_("{nick} removed the topic"), { nick });
    case "rename":
      return sentence(_("{nick} renamed the channel to {text}"), { nick, text });
    case "invite":
      return sentence(_("{nick} invited {target}"), { nick, target });
    default:
      return textNodes(entry.text, options);
  }
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
