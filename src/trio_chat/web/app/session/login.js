/** Login to an account (IRCv3 `sasl`), before the welcome or at any time. */
import { _ } from "../platform/i18n.js";
import { accountRefused, codeOf } from "./reasons.js";

/** @import { Message } from "../irc/message.js" */
/** @import { Client } from "./client.js" */
/** @import { Scram, ScramKey } from "./scram.js" */

const CHUNK = 400;
const LONGEST_CHALLENGE = 16_384;
/** Codes of refusals that say nothing of the account and its password. */
const PASSING = /^(906|TEMPORARILY_UNAVAILABLE|INTERNAL_ERROR)$/;

/**
 * @typedef {object} Credentials
 * @property {string} account
 * @property {string} password "" when there is a key.
 * @property {ScramKey|null} key
 * @property {string} [code] Of the authenticator, or a recovery code; it is used once.
 * @property {string} [token] Of single sign-on.
 * @property {"sign"|"add"} [passkey] Log in by a passkey, or add one to the account.
 * @property {boolean} [isPlain] The server takes the password itself alone, as a directory has it.
 * @property {string} [device] The name of the app password that the password is.
 */

/**
 * @typedef {object} Attempt
 * @property {Credentials} credentials
 * @property {string} mechanism
 * @property {Scram|null} scram
 * @property {boolean} started
 * @property {boolean} refused The server has refused the first mechanism, and will say so again.
 * @property {(key: ScramKey|null) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** The form of app passwords, which SCRAM cannot prove: the server has one hash of each. */
const APP_PASSWORD = /^[a-z2-9]{5}(?:-[a-z2-9]{5}){4}$/;

const PASSKEY = { sign: "X-TRIO-CHAT-PASSKEY", add: "X-TRIO-CHAT-ADDKEY" };

/** The server cannot log anybody in at the moment. */
class NotNow extends Error {}

/** The password is right, but the account needs a code, too. */
export class CodeRequired extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "CodeRequired";
  }
}

/** The login of one connection. */
export class Login {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** @type {Attempt|null} */
    this.attempt = null;
    this.challenge = "";
    /** Called with the key after a login that began with a password. */
    this.onKey = (/** @type {Credentials} */ _credentials, /** @type {ScramKey|null} */ _key) => {};
  }

  /**
   * Log in before the welcome; the connection is closed when the server refuses that.
   * @param {Credentials} credentials
   */
  begin(credentials) {
    this.start(credentials).then(
      (key) => {
        this.onKey(credentials, key);
        if (this.client.isRegistering) this.client.register();
      },
      (error) => {
        if (!this.client.isRegistering) return;
        // A server that was restarted perhaps has no accounts yet.
        const isPassing = this.client.wasReady && error instanceof NotNow;
        if (isPassing) this.client.link.reconnect(error.message);
        else this.client.close(error.message, error instanceof CodeRequired ? "code" : "login");
      },
    );
  }

  /**
   * @param {Credentials} credentials
   * @returns {Promise<ScramKey|null>} The key that can be kept in place of the password.
   */
  start(credentials) {
    this.attempt?.reject(new Error(_("The login was aborted. Try again.")));
    if (credentials.token && !this.client.secure && !globalThis.isSecureContext) {
      return Promise.reject(new Error(_("Single sign-on needs an encrypted connection (https).")));
    }
    const isPlain = Boolean(credentials.code) || APP_PASSWORD.test(credentials.password);
    // What stays on this machine (http://localhost) is a secure context, too.
    if (isPlain && !this.client.secure && !globalThis.isSecureContext) {
      return Promise.reject(
        new Error(_("An account with a second factor needs an encrypted connection (https).")),
      );
    }
    return new Promise((resolve, reject) => {
      const { passkey, token } = credentials;
      const password = isPlain ? "PLAIN" : "SCRAM-SHA-256";
      const mechanism = passkey ? PASSKEY[passkey] : token ? "OAUTHBEARER" : password;
      this.attempt = {
        credentials,
        mechanism,
        scram: null,
        started: false,
        refused: false,
        resolve,
        reject,
      };
      this.negotiated();
    });
  }

  /** Go on when the server has said whether it has accounts. */
  negotiated() {
    const { attempt } = this;
    const { negotiation } = this.client;
    if (!attempt || attempt.started) return;
    if (negotiation.enabled.has("sasl")) void this.tryMechanism(attempt);
    else if (negotiation.complete && !negotiation.unanswered) {
      this.fail(new NotNow(_("This server has no accounts.")));
    }
  }

  /** @param {Attempt} attempt */
  async tryMechanism(attempt) {
    attempt.started = true;
    this.challenge = "";
    const { account, password, key } = attempt.credentials;
    const { Scram } = await import("./scram.js");
    if (attempt !== this.attempt) return;
    const isScram = attempt.mechanism === "SCRAM-SHA-256";
    attempt.scram = isScram ? new Scram(account, password, key) : null;
    this.client.send("AUTHENTICATE", attempt.mechanism);
  }

  /**
   * Answer a part of the server's challenge.
   * @param {string} part
   */
  async challenged(part) {
    const { attempt } = this;
    if (!attempt) return;
    attempt.refused = false;
    if (part !== "+") this.challenge += part;
    if (part.length >= CHUNK && this.challenge.length <= LONGEST_CHALLENGE) return;
    const challenge = this.challenge;
    this.challenge = "";
    try {
      const answer = await this.answer(attempt, challenge);
      if (attempt === this.attempt) this.sendAnswer(answer);
    } catch {
      this.client.send("AUTHENTICATE", "*");
      this.fail(
        new Error(
          attempt.credentials.passkey
            ? _("Nothing was done: the browser has not used a passkey.")
            : _("Not logged in: the password that this device keeps is not valid any longer."),
        ),
      );
    }
  }

  /**
   * @param {Attempt} attempt
   * @param {string} challenge
   */
  async answer(attempt, challenge) {
    const bytes = Uint8Array.from(atob(challenge), (char) => char.charCodeAt(0));
    if (attempt.scram) return attempt.scram.answer(new TextDecoder().decode(bytes));
    const { account, password, code, token, passkey } = attempt.credentials;
    // The refusal of a token is a challenge, too, which is answered by one byte (RFC 7628 §3.2.3).
    if (token) return challenge ? "\u0001" : `n,,\u0001auth=Bearer ${token}\u0001\u0001`;
    if (passkey) {
      if (!challenge) return "";
      const { create, sign } = await import("../platform/passkeys.js");
      const options = JSON.parse(new TextDecoder().decode(bytes));
      return passkey === "add" ? create(options) : sign(options);
    }
    return `${account}\0${account}\0${password}${code ? ` ${code}` : ""}`;
  }

  /** @param {string} answer */
  sendAnswer(answer) {
    const bytes = new TextEncoder().encode(answer);
    const text = btoa(String.fromCharCode(...bytes));
    for (let start = 0; start < text.length; start += CHUNK) {
      this.client.send("AUTHENTICATE", text.slice(start, start + CHUNK));
    }
    if (text.length % CHUNK === 0) this.client.send("AUTHENTICATE", "+");
  }

  succeeded() {
    const { attempt } = this;
    this.attempt = null;
    attempt?.resolve(attempt.scram?.key ?? null);
  }

  /** @param {Message} message */
  refused(message) {
    const { attempt } = this;
    if (!attempt) return;
    const { credentials, mechanism } = attempt;
    if (codeOf(message) === "CODE_REQUIRED") {
      this.fail(new CodeRequired(accountRefused(credentials.account, message)));
      return;
    }
    // The password itself is sent only where nobody can read it.
    const isSafe = this.client.secure || globalThis.isSecureContext;
    const mayTryPlain = mechanism !== "PLAIN" && credentials.password && isSafe;
    if (message.command === "908" && mayTryPlain && /\bPLAIN\b/.test(message.params[1] ?? "")) {
      attempt.mechanism = "PLAIN";
      attempt.refused = true;
      credentials.isPlain = true;
      void this.tryMechanism(attempt);
      return;
    }
    if (message.command === "904" && attempt.refused) {
      attempt.refused = false;
      return;
    }
    const reason = accountRefused(credentials.account, message);
    this.fail(PASSING.test(codeOf(message)) ? new NotNow(reason) : new Error(reason));
  }

  /** @param {Error} error */
  fail(error) {
    const { attempt } = this;
    this.attempt = null;
    attempt?.reject(error);
  }

  /** The connection has ended. */
  end() {
    const { attempt } = this;
    this.attempt = null;
    if (!this.client.isRegistering) {
      attempt?.reject(new Error(_("The connection was lost before the server answered.")));
    }
  }
}
