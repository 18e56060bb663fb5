/**
 * Translations of messages and texts (`trio-chat/translate`). The server has them made, so that the
 * page talks to nobody else.
 */
import { plain } from "../text/formatting.js";
import { N_, _ } from "../platform/i18n.js";
import { isBatch } from "./batches.js";
import { Refused, flatten } from "./requests.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Entry, Translation } from "../model/types.js" */
/** @import { Item } from "./batches.js" */
/** @import { Client } from "./client.js" */

const COMMAND = "TRANSLATE";
export const CAPABILITY = "trio-chat/translate";
/** Bytes of a text that fit into one line, whatever the language is called. */
const LONGEST_TEXT = 400;
/** Characters of a translation that are kept, whatever the server sends. */
const MOST_CHARACTERS = 100_000;
/** @type {Record<string, string>} */
const REASONS = {
  UNKNOWN_MSGID: N_("This message cannot be translated: it was deleted, or you cannot read it any more."),
  NOTHING_TO_TRANSLATE: N_("There is no text to translate."),
  RATE_LIMITED: N_("You have asked for many translations. Try again in a minute."),
  REFUSED: N_(
    "The translation service does not take this text: it is too long, or in a language that the service does not know.",
  ),
};
/** Reasons to which the server has more to say. @type {Record<string, string>} */
const EXPLAINED = {
  UNKNOWN_LANGUAGE: N_("Messages cannot be translated into this language."),
  TEMPORARILY_UNAVAILABLE: N_("There is no translation at the moment. Try again later."),
};

/**
 * Return the translation of a message. The server may not have a private message of a user without
 * an account, so its text is sent.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {Entry} entry
 * @param {string} language
 * @returns {Promise<Translation>} Rejected with a sentence for the user.
 */
export function translate(client, buffer, entry, language) {
  const isKept = buffer.kind !== "private" || client.model.me.account.value !== "";
  const text = plain(entry.text);
  return isKept || !fits(text)
    ? ask(client, [buffer.name, entry.msgid, language])
    : ask(client, ["*", "*", language, text]);
}

/**
 * Return the translation of a text of one line.
 * @param {Client} client
 * @param {string} text
 * @param {string} language
 * @returns {Promise<Translation>} Rejected with a sentence for the user.
 */
export async function translateText(client, text, language) {
  if (!fits(text))
    throw new Error(_("This text is too long to be translated so: translate it in parts."));
  return ask(client, ["*", "*", language, text]);
}

/** @param {string} text */
function fits(text) {
  return !text.includes("\n") && new TextEncoder().encode(text).length <= LONGEST_TEXT;
}

/**
 * @param {Client} client
 * @param {string[]} params
 */
async function ask(client, params) {
  const { negotiation } = client;
  if (!negotiation.hasLabels || !negotiation.enabled.has(CAPABILITY))
    throw new Error(_("This server does not translate messages."));
  try {
    return read(await client.request(COMMAND, params));
  } catch (error) {
    throw error instanceof Refused ? new Error(sentence(error)) : error;
  }
}

/** @param {Refused} refused */
function sentence({ code, message }) {
  const known = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  const explained = Object.hasOwn(EXPLAINED, code) ? EXPLAINED[code] : undefined;
  if (known) return _(known);
  if (!explained) return message;
  const more = _(explained);
  return `${more} (${message})`;
}

/**
 * Return what an answer says. Parts with the same number are one line.
 * @param {Item[]} items
 * @returns {Translation}
 */
function read(items) {
  const [, , language = "", source = ""] = items.find(isBatch)?.params ?? [];
  /** @type {Map<string, string>} */
  const lines = new Map();
  let size = 0;
  for (const { command, params } of flatten(items)) {
    const [number = "", text = ""] = params;
    size += text.length + 1;
    if (command === COMMAND && size <= MOST_CHARACTERS)
      lines.set(number, (lines.get(number) ?? "") + text);
  }
  if (!lines.size) throw new Error(_("The server has not answered."));
  return { text: [...lines.values()].join("\n"), source: source === "*" ? "" : source, language };
}
