/** Handlers of everything else the server says: errors, standard replies, texts. */
import { REFUSAL, codeOf, joinRefused, otherError } from "../reasons.js";
import { joinFailed } from "./channels.js";
import { failedRegistration, withoutCap } from "./registration.js";

/** @import { Message } from "../../irc/message.js" */
/** @import { ChatBuffer } from "../../model/buffer.js" */
/** @import { Client } from "../client.js" */
/** @import { Handler } from "./table.js" */

/** Numerics that the page shows in its own way, or not at all. */
const SILENT = new Set(
  "002 003 004 010 042 250 251 252 253 254 255 265 266 318 321 323 347 349 368 375 451".split(
    " ",
  ),
);
/** Errors of JOIN that have no other meaning. */
const JOIN_ERRORS = new Set(["405", "471", "473", "474", "475", "476", "479"]);

/** Errors of messages. */
const REFUSALS = new Set(["401", "403", "404", "407", "477", "492"]);

/** @type {Record<string, Handler>} */
export const replies = {
  FAIL(client, message, origin) {
    if (failedRegistration(client, message)) return;
    // The page itself follows profiles; what the user changes is a request.
    if (message.params[0] === "METADATA") return;
    if (codeOf(message) === "NICKNAME_RESERVED" && client.nickname.isTakingBack) return;
    if (message.params[0] === "AUTHENTICATE" && client.login.attempt) {
      client.login.refused(message);
      return;
    }
    tell(client, message, origin, true);
  },
  WARN: (client, message, origin) => tell(client, message, origin, false),
  NOTE(client, message, origin) {
    const text = message.params.at(-1) ?? "";
    if (codeOf(message) === "RECONNECT") client.restarts();
    else if (codeOf(message) === "SERVER_SHUTDOWN") client.model.notify(text);
    else tell(client, message, origin, false);
  },
  372(client, { params }, origin) {
    client.model.tell(origin ?? client.model.server, params[1] ?? "");
  },
  "*"(client, message, origin) {
    const { command, params } = message;
    if (!/^\d{3}$/.test(command)) return;
    const isError = REFUSAL.test(command);
    const name = params[1] ?? "";
    if (command === "421" && name === "CAP") withoutCap(client);
    else if (JOIN_ERRORS.has(command) || (isJoinError(client, command, name) && isError)) {
      joinFailed(client, name, joinRefused(name, message, client.channels.hasKey(name)));
    } else if (isError && command !== "451") {
      if (!REFUSALS.has(command) || !client.outgoing.refused(name, message)) {
        tell(client, message, origin, true);
      }
    } else if (!SILENT.has(command) || (origin && /^2/.test(command))) {
      client.model.tell(origin ?? client.model.server, params.slice(1).join(" "));
    }
  },
};

/**
 * Return whether an error with several meanings is about a channel that was to be joined.
 * @param {Client} client
 * @param {string} command
 * @param {string} name
 */
function isJoinError(client, command, name) {
  if (!["403", "437", "477"].includes(command) || !client.model.isupport.isChannel(name))
    return false;
  return client.channels.has(name) && !client.model.get(name)?.joined.value;
}

/**
 * @param {Client} client
 * @param {Message} message
 * @param {ChatBuffer|null} origin
 * @param {boolean} error
 */
function tell(client, message, origin, error) {
  const text = otherError(message);
  const about = client.model.get(message.params[1] ?? "");
  if (origin ?? about) client.model.tell(origin ?? about ?? client.model.server, text, error);
  else {
    client.model.tell(client.model.server, text, error);
    if (error) client.model.notify(text, true);
  }
}
