/** Registry of the commands that are typed with a slash. */
import { _ } from "../../platform/i18n.js";
import { isSecretLine } from "../../text/secrets.js";
import { operatorLine } from "./operators.js";

/** @import { ChatBuffer } from "../../model/buffer.js" */
/** @import { Actions, Command, Completion } from "../../model/types.js" */
/** @import { Client } from "../client.js" */

/**
 * What a command may use.
 * @typedef {object} Context
 * @property {Client} client
 * @property {ChatBuffer} buffer
 * @property {Actions} actions
 * @property {(text: string, error?: boolean) => void} tell
 */

/**
 * @typedef {object} SlashCommand
 * @property {string} usage
 * @property {string} help
 * @property {number} least
 * @property {number} most The last argument takes the rest of the line.
 * @property {Completion[]} complete
 * @property {boolean} lines Whether the last argument may have several lines.
 * @property {(context: Context, words: string[]) => void} run
 */

/** @type {Map<string, SlashCommand>} */
export const COMMANDS = new Map();

/**
 * @param {string} name
 * @param {string} usage
 * @param {string} help
 * @param {[number, number]} words
 * @param {Completion[]} complete
 * @param {SlashCommand["run"]} run
 * @param {boolean} [lines]
 */
export function command(name, usage, help, [least, most], complete, run, lines = false) {
  COMMANDS.set(name, { usage, help, least, most, complete, lines, run });
}

/**
 * Return a command with its parameters. As code, so that `#channel` does not become a link.
 * @param {string} name
 */
export function signature(name) {
  const usage = COMMANDS.get(name)?.usage;
  return ["\x11/", name, usage ? ` ${_(usage)}` : "", "\x11"].join("");
}

/** @param {string} name */
export function usageOf(name) {
  return _("Usage: {usage}", { usage: signature(name) });
}

/**
 * Carry out a line that begins with a slash.
 * @param {Context} context
 * @param {string} text
 * @returns {boolean} Whether it was taken; if not, the user was told why.
 */
export function runCommand(context, text) {
  const [, name = "", behind = ""] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
  const line = COMMANDS.has(name.toLowerCase()) ? "" : operatorLine(name, behind);
  const found = COMMANDS.get(line ? "quote" : name.toLowerCase());
  const rest = line || behind;
  if (!found) {
    context.tell(
      _(
        "There is no command /{name}. /help shows all commands; to send a line that begins with /, type // instead.",
        { name },
      ),
      true,
    );
    return false;
  }
  if (!found.lines && rest.includes("\n")) {
    context.tell(
      _("/{name} takes one line. Nothing was sent; what you typed is still there.", { name }),
      true,
    );
    return false;
  }
  const words = splitWords(rest, found.most).map((word, index) =>
    found.complete[index] === "nick" ? withoutSign(word) : word,
  );
  if (words.length < found.least || words.length > found.most) {
    context.tell(usageOf(name.toLowerCase()), true);
    return false;
  }
  return run(found, context, words, text);
}

/**
 * Carry out a command. What is refused comes back into the prompt, perhaps much later, when the
 * server has answered; nobody else may read a password there.
 * @param {SlashCommand} command
 * @param {Context} context
 * @param {string[]} words
 * @param {string} line
 */
function run(command, context, words, line) {
  const { client, buffer } = context;
  let refused = false;
  const refuse = () => {
    if (isSecretLine(line)) return;
    refused = true;
    buffer.draft.value ||= line;
  };
  const tell = (/** @type {string} */ text, error = false) => {
    context.tell(text, error);
    if (error) refuse();
  };
  client.onRefused = refuse;
  command.run({ ...context, tell }, words);
  client.onRefused = () => {};
  return !refused;
}

/**
 * Take the @ before nicknames away, with which other programs write them. In `@#channel` it stands
 * for its operators.
 * @param {string} text
 */
export function withoutSign(text) {
  return text.replace(/(^|\s)@(?![#&+!\s]|$)/gu, "$1");
}

/**
 * Split a text into at most `most` words, of which the last one has the rest.
 * @param {string} text
 * @param {number} most
 */
function splitWords(text, most) {
  const words = [];
  let rest = text.trim();
  while (rest && words.length < most - 1) {
    const [, word = "", after = ""] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
    words.push(word);
    rest = after;
  }
  return rest ? [...words, rest] : words;
}

/**
 * Return the commands as the views complete them.
 * @returns {Command[]}
 */
export function commandList() {
  return [...COMMANDS].map(([name, { usage, help, complete }]) => ({
    name,
    get usage() {
      return _(usage);
    },
    get help() {
      return _(help);
    },
    complete,
  }));
}

/**
 * Return a last parameter as a list, which has none without a text.
 * @param {string} [text]
 */
export function optional(text) {
  return text ? [text] : [];
}

/**
 * Return whether there is no connection, and say so.
 * @param {Context} context
 */
export function isOffline({ client, tell }) {
  if (!client.isReady) tell(_("There is no connection to the server."), true);
  return !client.isReady;
}

/** @param {Context} context */
export function notInChannel(context) {
  context.tell(_("You are not in a channel."), true);
}

/**
 * Return the channel that the words name, or the current one, and the rest.
 * @param {Context} context
 * @param {string[]} words
 * @returns {[ChatBuffer|null, string]}
 */
export function channelAndRest(context, words) {
  const { model } = context.client;
  const [name = ""] = words;
  const named = model.isupport.isChannel(name) ? model.get(name) : undefined;
  if (named) return [named, words.slice(1).join(" ")];
  if (model.isupport.isChannel(name)) {
    context.tell(_("You are not in {name}. Join it first: /join {name}", { name }), true);
    return [null, ""];
  }
  if (context.buffer.kind === "channel") return [context.buffer, words.join(" ")];
  notInChannel(context);
  return [null, ""];
}
