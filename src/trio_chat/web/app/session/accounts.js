/** The user's account: log in, remember, register, verify, change the password. */
import { _ } from "../platform/i18n.js";
import { unsubscribe } from "./push.js";
import { askNickServ } from "./queries.js";
import { accountRefused } from "./reasons.js";
import { flatten } from "./requests.js";

/** @import { Message } from "../irc/message.js" */
/** @import { KeyStore } from "../platform/key_store.js" */
/** @import { Item } from "./batches.js" */
/** @import { Client } from "./client.js" */
/** @import { Credentials } from "./login.js" */

/**
 * @param {Client} client
 * @param {string} account
 * @param {string} password
 */
export async function login(client, account, password) {
  /** @type {Credentials} */
  const credentials = { account, password, key: null };
  if (!client.isReady) throw new Error(_("There is no connection to the server."));
  const key = await client.login.start(credentials);
  // A later connection logs in again; it needs no password when there is a key.
  client.credentials = key ? { account, password: "", key } : credentials;
  client.login.onKey(credentials, key);
  client.refreshPush();
  void client.levels.begin().catch(() => {});
  void client.history.findConversations().catch(() => {});
}

/**
 * @param {Client} client
 * @param {KeyStore} keys
 */
export async function logout(client, keys) {
  client.credentials = null;
  await keys.remove();
  // While the server still knows the account: the messages are for its user only.
  await unsubscribe(client).catch(() => {});
  if (client.isReady) await askNickServ(client, "LOGOUT");
  client.levels.forget();
}

/**
 * @param {Client} client
 * @param {string} account
 * @param {string} password
 * @param {string} email
 * @returns {Promise<{verify: boolean}>}
 */
export async function register(client, account, password, email) {
  const params = [account || "*", email || "*", password];
  if (client.channels.invitation) params.push(client.channels.invitation);
  const answers = await ask(client, account, "REGISTER", params);
  const verify = answers.some(({ params }) => params[0] === "VERIFICATION_REQUIRED");
  if (!verify) await login(client, account || client.model.me.nick.value, password).catch(() => {});
  return { verify };
}

/**
 * @param {Client} client
 * @param {string} account
 * @param {string} code
 */
export async function verify(client, account, code) {
  await ask(client, account, "VERIFY", [account, code]);
}

/**
 * @param {Client} client
 * @param {string} account
 * @param {string} command
 * @param {string[]} params
 * @returns {Promise<Message[]>}
 */
async function ask(client, account, command, params) {
  if (
    params.some((each) => /[\r\n\0]/.test(each)) ||
    params.slice(0, -1).some((each) => / /.test(each))
  ) {
    throw new Error(_("The server accepts no name or code with spaces."));
  }
  return new Promise((resolve, reject) => {
    const answer = (/** @type {Item[]} */ items) => {
      const messages = flatten(items);
      const failure = messages.find((each) => each.command === "FAIL");
      if (failure) reject(new Error(accountRefused(account, failure)));
      else resolve(messages.filter((each) => each.command === command));
      for (const each of messages) {
        if (each.command !== "FAIL" && each.command !== command) client.dispatch(each, null);
      }
    };
    client.ask(command, params, answer, reject);
  });
}

/**
 * @param {Client} client
 * @param {string} oldPassword
 * @param {string} password
 * @throws {Error} The server has not changed it.
 */
export async function changePassword(client, oldPassword, password) {
  if (/\s/.test(password)) throw new Error(_("This server accepts no passwords with spaces."));
  const lines = await askNickServ(
    client,
    "SET",
    "PASSWORD",
    ...(oldPassword ? [oldPassword] : []),
    password,
  );
  const isDone = lines.some((line) => /\bchanged\b/i.test(line) && !/\bnot\b/i.test(line));
  if (isDone) return;
  const text = lines.join(" ");
  const isWrong = text.startsWith("The old password is wrong");
  if (isWrong) throw new Error(_("The old password is wrong."));
  throw new Error(text || _("The server did not do it."));
}
