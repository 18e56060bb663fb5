/** Passkeys of the browser (WebAuthn): the server's JSON to what the browser takes, and back. */

/** Whether this browser has passkeys for this page. */
export function hasPasskeys() {
  return Boolean(globalThis.isSecureContext && globalThis.PublicKeyCredential);
}

/**
 * Sign a challenge with a passkey that the user chooses.
 * @param {{challenge: string, rpId: string}} options
 * @returns {Promise<string>} The answer for the server.
 */
export async function sign({ challenge, rpId }) {
  const found = await navigator.credentials.get({
    publicKey: { challenge: bytes(challenge), rpId, userVerification: "required" },
  });
  const credential = /** @type {PublicKeyCredential} */ (found);
  const { clientDataJSON, authenticatorData, signature, userHandle } =
    /** @type {AuthenticatorAssertionResponse} */ (credential.response);
  return answer(credential, {
    clientDataJSON,
    authenticatorData,
    signature,
    ...(userHandle && { userHandle }),
  });
}

/**
 * Make a passkey on this device.
 * @param {{challenge: string, rp: {id: string, name: string}, exclude: string[],
 *   user: {id: string, name: string, displayName: string}}} options
 * @returns {Promise<string>} The answer for the server.
 */
export async function create({ challenge, rp, user, exclude }) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(challenge),
      rp,
      user: { ...user, id: bytes(user.id) },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: exclude.map((id) => ({ type: "public-key", id: bytes(id) })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
    },
  });
  const credential = /** @type {PublicKeyCredential} */ (made);
  const { clientDataJSON, attestationObject } =
    /** @type {AuthenticatorAttestationResponse} */ (credential.response);
  return answer(credential, { clientDataJSON, attestationObject });
}

/**
 * @param {PublicKeyCredential} credential
 * @param {Record<string, ArrayBuffer>} response
 */
function answer(credential, response) {
  const texts = Object.entries(response).map(([name, value]) => [name, text(value)]);
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: id, type, response: Object.fromEntries(texts) });
}

/** @param {string} base64url */
function bytes(base64url) {
  const base64 = base64url.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function text(buffer) {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
