/**
 * The login that this device keeps: a key in IndexedDB that no script can read, in place of the
 * password. It works for this account of this server only. An account with a second factor has an
 * app password of this browser instead, which can be revoked alone.
 */
import { signal } from "../../vendor/signals-core.js";

/** @import { ScramKey } from "../session/scram.js" */

const NAME = "login";

/**
 * @typedef {object} KeptLogin
 * @property {string} account
 * @property {string} nick
 * @property {ScramKey|null} key
 * @property {string} [password] The app password when there is no key.
 * @property {string} [device] The name of the app password.
 */

/** The kept login. A browser without IndexedDB keeps none. */
export class KeyStore {
  constructor() {
    this.remembered = signal(/** @type {{nick: string, account: string}|null} */ (null));
  }

  /** @returns {Promise<KeptLogin|null>} */
  async load() {
    const { get } = await import("../../vendor/idb-keyval.js");
    const kept = await get(NAME, await database()).catch(() => undefined);
    if (!kept?.account || !(kept.key?.key || kept.password)) return null;
    this.remembered.value = { nick: kept.nick, account: kept.account };
    return kept;
  }

  /** @param {KeptLogin} login */
  async save(login) {
    const { set } = await import("../../vendor/idb-keyval.js");
    try {
      await set(NAME, login, await database());
      this.remembered.value = { nick: login.nick, account: login.account };
    } catch {
      // A private window: the user logs in again.
    }
  }

  async remove() {
    const { del } = await import("../../vendor/idb-keyval.js");
    this.remembered.value = null;
    await del(NAME, await database()).catch(() => {});
  }
}

/** @type {import("../../vendor/idb-keyval.js").UseStore|undefined} */
let store;

async function database() {
  const { createStore } = await import("../../vendor/idb-keyval.js");
  store ??= createStore("trio-chat", "login");
  return store;
}
