/**
 * Single sign-on in the browser: the way to the page of the provider and back (OpenID Connect,
 * authorization code with PKCE, RFC 7636).
 */
import { _ } from "./i18n.js";
import { isOwnMachine } from "./shared_address.js";

/** The key in `sessionStorage`, which lasts as long as the tab. */
const KEY = "sign-on";

/**
 * @typedef {object} Begun
 * @property {string} state
 * @property {string} nonce
 * @property {string} verifier
 * @property {string} issuer
 * @property {string} redirect
 * @property {string} hash Of the address, to which the user returns.
 * @property {boolean} remember
 */

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function secret() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * Go to the page of the provider.
 * @param {{remember: boolean}} options
 * @param {{fetch?: typeof fetch, location?: Location, storage?: Storage}} [platform]
 */
export async function begin({ remember }, platform = {}) {
  const here = platform.location ?? location;
  const storage = platform.storage ?? sessionStorage;
  const unavailable = _("The single sign-on cannot be reached at the moment. Try again later.");
  const response = await (platform.fetch ?? fetch)("sso", { cache: "no-store" }).catch(() => null);
  if (!response?.ok) throw new Error(unavailable);
  const known = await response.json();
  const target = new URL(known.authorization);
  const isHere = target.protocol === "http:" && isOwnMachine(target.href);
  if (target.protocol !== "https:" && !isHere) throw new Error(unavailable);
  /** @type {Begun} */
  const begun = {
    state: secret(),
    nonce: secret(),
    verifier: secret(),
    issuer: known.issuer,
    redirect: here.origin + here.pathname,
    hash: here.hash,
    remember,
  };
  const hashed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(begun.verifier));
  const values = {
    response_type: "code",
    client_id: known.client_id,
    scope: known.scope,
    redirect_uri: begun.redirect,
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: base64url(new Uint8Array(hashed)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(values)) target.searchParams.set(name, value);
  storage.setItem(KEY, JSON.stringify(begun));
  here.assign(target.href);
}

/**
 * Return the token for what the provider has answered, which is taken out of the address.
 * @param {URLSearchParams} answer
 * @param {{fetch?: typeof fetch, location?: Location, history?: History, storage?: Storage}} [platform]
 * @returns {Promise<{token: string, name: string, remember: boolean}>}
 */
export async function finish(answer, platform = {}) {
  const here = platform.location ?? location;
  const begun = taken(platform.storage ?? sessionStorage);
  (platform.history ?? history).replaceState(null, "", here.pathname + (begun?.hash ?? ""));
  const issuer = answer.get("iss");
  // Another page may have led here, with a code of somebody else (RFC 6749 §10.12, RFC 9207).
  if (!begun || answer.get("state") !== begun.state || (issuer && issuer !== begun.issuer)) {
    throw new Error(_("That login was not begun here. Try again."));
  }
  const code = answer.get("code");
  if (!code) throw new Error(_("The single sign-on has refused the login."));
  const response = await (platform.fetch ?? fetch)("sso", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      code,
      verifier: begun.verifier,
      redirect: begun.redirect,
      nonce: begun.nonce,
    }),
  }).catch(() => null);
  if (!response?.ok) throw new Error(_("The single sign-on has not confirmed the login. Try again."));
  const { token, name } = await response.json();
  return { token, name, remember: begun.remember };
}

/**
 * @param {Storage} storage
 * @returns {Begun|null}
 */
function taken(storage) {
  const text = storage.getItem(KEY);
  storage.removeItem(KEY);
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
