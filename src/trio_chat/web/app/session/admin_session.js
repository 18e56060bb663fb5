/** What a server operator asks of the server on this connection: OPER, and a token for its API. */
import { _ } from "../platform/i18n.js";
import { REFUSAL, otherError } from "./reasons.js";
import { flatten } from "./requests.js";

/** @import { OperatorActions } from "../model/types.js" */
/** @import { Client } from "./client.js" */

/**
 * @param {Client} client
 * @returns {OperatorActions}
 */
export function operatorActions(client) {
  return {
    login: (name, password) => login(client, name, password),
    apiToken: () => apiToken(client),
  };
}

/**
 * Become a server operator (OPER).
 * @param {Client} client
 * @param {string} name
 * @param {string} password
 * @throws {Error} The server refuses.
 */
async function login(client, name, password) {
  if (/[\s\0]/u.test(name) || !name || !password)
    throw new Error(_("The name or the password of the operator is wrong."));
  const messages = flatten(await client.request("OPER", [name, password]));
  const error = messages.find(({ command }) => REFUSAL.test(command));
  if (error) throw new Error(otherError(error));
  // The mode of the user changes, and with it what the page offers.
  for (const each of messages) client.dispatch(each, null);
}

/**
 * Ask for a token of the API. It holds for some minutes, with the rights of this operator.
 * @param {Client} client
 * @returns {Promise<{token: string, seconds: number}>}
 * @throws {Error} The server makes none for this user.
 */
async function apiToken(client) {
  const messages = flatten(await client.request("APITOKEN", []));
  const error = messages.find(({ command }) => REFUSAL.test(command));
  if (error) throw new Error(otherError(error));
  const note = messages.find(
    ({ command, params }) => command === "NOTE" && params[0] === "APITOKEN",
  );
  const [, seconds = "", token = ""] = note?.params ?? [];
  if (!token || !(Number(seconds) > 0))
    throw new Error(_("This server has no API for administrators."));
  return { token, seconds: Number(seconds) };
}
