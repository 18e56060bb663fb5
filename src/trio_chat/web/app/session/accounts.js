/** The user's account: log in, remember, register, verify, change the password. */
import { _ } from "../platform/i18n.js";
import { CodeRequired } from "./login.js";
import { unsubscribe } from "./push.js";
import { askNickServ } from "./queries.js";
import { accountRefused } from "./reasons.js";
import { flatten } from "./requests.js";

/** @import { Message } from "../irc/message.js" */
/** @import { KeyStore } from "../platform/key_store.js" */
/** @import { Item } from "./batches.js" */
/** @import { Client } from "./client.js" */
/** @import { Credentials } from "./login.js" */

/** How long the app password of a device that does not remember is valid: nothing revokes it. */
const LASTS = "7d";

/**
 * @param {Client} client
 * @param {string} account
 * @param {string} password
 * @param {string} [code]
 */
export async function login(client, account, password, code = "") {
  /** @type {Credentials} */
  const credentials = { account, password, key: null, code };
  if (!client.isReady) throw new Error(_("There is no connection to the server."));
  const key = await client.login.start(credentials);
  // A later connection logs in again; it needs no password when there is a key.
  client.credentials = key ? { account, password: "", key } : credentials;
  client.login.onKey(credentials, key);
  await keepDevice(client);
  client.refreshPush();
  void client.levels.begin().catch(() => {});
  void client.history.findConversations().catch(() => {});
}

/**
 * After a login with a code, by a passkey or by single sign-on, have an app password of this
 * browser: that proof is used, and later connections log in without the user, who can revoke it.
 * Likewise where there is no key of the password to keep, if the device remembers.
 * @param {Client} client
 */
export async function keepDevice(client) {
  const { credentials } = client;
  const { remember } = client.model.preferences.settings.value;
  const isKept = credentials?.isPlain && remember;
  if (!credentials?.code && !credentials?.token && !credentials?.passkey && !isKept) return;
  const account = credentials.account || client.model.me.account.value;
  const { password } = credentials;
  // A token may be used again, until it expires.
  if (!credentials.token) client.credentials = password ? { account, password, key: null } : null;
  const random = crypto.getRandomValues(new Uint8Array(4));
  const device = `browser-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const request = ["APPPASSWORD", "ADD", device, ...(remember ? [] : [LASTS])];
  const lines = await askNickServ(client, ...request).catch(() => []);
  const made = /\b[a-z2-9]{5}(?:-[a-z2-9]{5}){4}\b/.exec(lines.join(" "))?.[0];
  if (made) {
    client.credentials = { account, password: made, key: null, device };
    client.login.onKey(client.credentials, null);
  } else if (lines.length) client.model.notify(lines.join(" "), true);
}

/**
 * Add a passkey of this device to the account.
 * @param {Client} client
 * @param {string} name
 * @param {string} password With the code after it, where the account needs one.
 * @throws {Error} The server refuses it, or the browser has made none.
 */
export async function addPasskey(client, name, password) {
  const lines = await askNickServ(client, "PASSKEY", "ADD", name, password);
  if (!lines.some((line) => /can add/.test(line))) throw new Error(lines.join(" "));
  const account = client.model.me.account.value;
  await client.login.start({ account, password: "", key: null, passkey: "add" });
}

/**
 * @param {Client} client
 * @param {KeyStore} keys
 */
export async function logout(client, keys) {
  const device = client.credentials?.device;
  client.credentials = null;
  if (device && client.isReady) {
    await askNickServ(client, "APPPASSWORD", "DEL", device).catch(() => []);
  }
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
 * @param {string} [code]
 * @throws {Error} The server has not changed it.
 */
export async function changePassword(client, oldPassword, password, code = "") {
  if (/\s/.test(password)) throw new Error(_("This server accepts no passwords with spaces."));
  const lines = await askNickServ(
    client,
    "SET",
    "PASSWORD",
    ...(oldPassword ? [oldPassword] : []),
    password,
    ...(code ? [code] : []),
  );
  const isDone = lines.some((line) => /\bchanged\b/i.test(line) && !/\bnot\b/i.test(line));
  if (isDone) return;
  const text = lines.join(" ");
  if (/needs a code/.test(text)) {
    throw new CodeRequired(_("This account asks for a code, too: that of your authenticator."));
  }
  const isWrong = text.startsWith("The old password is wrong");
  if (isWrong) throw new Error(_("The old password is wrong."));
  throw new Error(text || _("The server did not do it."));
}
