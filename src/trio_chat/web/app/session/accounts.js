/** The user's account: log in, remember, register, verify, change the password. */
import { _ } from "../platform/i18n.js";
import { askNickServ } from "./queries.js";
import { accountRefused } from "./reasons.js";
import { flatten } from "./requests.js";

/** @import { Message } from "../irc/message.js" */
/** @import { KeyStore } from "../platform/key_store.js" */
/** @import { Client } from "./client.js" */
/** @import { Credentials } from "./login.js" */

/** The account of the user of this page. */
export class Accounts {
  /**
   * @param {Client} client
   * @param {KeyStore} keys
   */
  constructor(client, keys) {
    this.client = client;
    this.keys = keys;
    client.login.onKey = (credentials, key) => {
      if (!client.model.preferences.settings.value.remember) return;
      if (key?.key)
        void this.keys.save({ account: credentials.account, nick: client.wantedNick, key });
      else if (!credentials.key) {
        client.model.notify(
          _("Without an encrypted connection, this device does not keep the login."),
        );
      }
    };
  }

  /**
   * @param {string} account
   * @param {string} password
   */
  async login(account, password) {
    const { client } = this;
    /** @type {Credentials} */
    const credentials = { account, password, key: null };
    if (!client.isReady) throw new Error(_("There is no connection to the server."));
    const key = await client.login.start(credentials);
    // A later connection logs in again; it needs no password when there is a key.
    client.credentials = key ? { account, password: "", key } : credentials;
    client.login.onKey(credentials, key);
    void client.history.findConversations().catch(() => {});
  }

  async logout() {
    this.client.credentials = null;
    await this.keys.remove();
    if (this.client.isReady) await askNickServ(this.client, "LOGOUT");
  }

  /**
   * @param {string} account
   * @param {string} password
   * @param {string} email
   * @returns {Promise<{verify: boolean}>}
   */
  async register(account, password, email) {
    const answers = await this.ask(account, "REGISTER", [account || "*", email || "*", password]);
    const verify = answers.some(({ params }) => params[0] === "VERIFICATION_REQUIRED");
    if (!verify)
      await this.login(account || this.client.model.me.nick.value, password).catch(() => {});
    return { verify };
  }

  /**
   * @param {string} account
   * @param {string} code
   */
  async verify(account, code) {
    await this.ask(account, "VERIFY", [account, code]);
  }

  /**
   * @param {string} account
   * @param {string} command
   * @param {string[]} params
   * @returns {Promise<Message[]>}
   */
  async ask(account, command, params) {
    const { client } = this;
    if (
      params.some((each) => /[\r\n\0]/.test(each)) ||
      params.slice(0, -1).some((each) => / /.test(each))
    ) {
      throw new Error(_("The server accepts no name or code with spaces."));
    }
    return new Promise((resolve, reject) => {
      const label = client.requests.add((items) => {
        const messages = flatten(items);
        const failure = messages.find((each) => each.command === "FAIL");
        if (failure) reject(new Error(accountRefused(account, failure)));
        else resolve(messages.filter((each) => each.command === command));
        for (const each of messages) {
          if (each.command !== "FAIL" && each.command !== command) client.dispatch(each, null);
        }
      }, reject);
      client.sendTagged([["label", label]], command, params);
    });
  }

  /**
   * @param {string} oldPassword
   * @param {string} password
   */
  async changePassword(oldPassword, password) {
    if (/\s/.test(password)) throw new Error(_("This server accepts no passwords with spaces."));
    const lines = await askNickServ(
      this.client,
      "SET",
      "PASSWORD",
      ...(oldPassword ? [oldPassword] : []),
      password,
    );
    this.client.model.notify(lines.join(" "));
  }
}
