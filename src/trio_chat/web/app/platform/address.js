/**
 * Channels in the address of the page, as `irc/weblinks.py` makes them: `/#lobby`, and with an
 * invitation `/#lobby?invite=token`; several as `/#one,two`. A browser does not send the fragment,
 * so that no log has the token.
 */

const MOST_CHANNELS = 10;

/**
 * @typedef {object} Invitation
 * @property {{name: string, key: string}[]} channels With what JOIN needs besides the name.
 * @property {string} account Token that lets its owner register an account; "" for none.
 */

/**
 * Return what a fragment names.
 * @param {string} hash With its `#`.
 * @returns {Invitation}
 */
export function invitationOf(hash) {
  const [names = "", query = ""] = hash.replace(/^#/, "").split("?");
  const values = new URLSearchParams(query);
  const token = values.get("invite") ?? values.get("key") ?? "";
  const key = /[\s,]/.test(token) ? "" : token;
  const channels = names
    .split(",")
    .map((name) => decode(name.replace(/^#/, "")))
    .filter((name) => name && !/[\s,\0-\x1f]/.test(name))
    .slice(0, MOST_CHANNELS)
    .map((name) => ({ name: `#${name}`, key }));
  return { channels, account: channels.length ? "" : key };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Return the fragment that names a channel, without the `#` of the address.
 * @param {string} name
 */
export function fragmentOf(name) {
  return encodeURIComponent(name.slice(1)).replace(/%(2C|2F|3A|40)/g, decodeURIComponent);
}
