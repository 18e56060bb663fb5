/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), the client's half: the password stays on this device.
 *
 * The salted password can be kept as a key that no script can read (`CryptoKey`, not extractable),
 * in place of the password. A page without TLS has no WebCrypto, so it computes in JavaScript, and
 * keeps nothing.
 */

const MOST_ITERATIONS = 1_000_000;
const encoder = new TextEncoder();

/** The server's messages are no part of the mechanism, or it does not know the password. */
class ScramError extends Error {}

/**
 * The salted password of an account, as a key for HMAC.
 * @typedef {object} ScramKey
 * @property {string} salt In base64.
 * @property {number} iterations
 * @property {CryptoKey|null} key
 * @property {Uint8Array|null} bytes Without WebCrypto.
 */

/** One login. */
export class Scram {
  /**
   * @param {string} account
   * @param {string} password "" when there is a key.
   * @param {ScramKey|null} key
   * @param {string} [nonce]
   */
  constructor(account, password, key, nonce = newNonce()) {
    this.password = password;
    /** The key that was kept, or that the login has made. */
    this.key = key;
    this.nonce = nonce;
    this.firstBare = `n=${account.replace(/=/g, "=3D").replace(/,/g, "=2C")},r=${nonce}`;
    this.serverSignature = "";
    this.step = 0;
  }

  /**
   * Return the answer to a challenge.
   * @param {string} challenge
   * @returns {Promise<string>}
   * @throws {ScramError}
   */
  async answer(challenge) {
    this.step += 1;
    if (this.step === 1) return `n,,${this.firstBare}`;
    if (this.step === 2) return this.final(challenge);
    if (this.step === 3 && challenge === `v=${this.serverSignature}`) return "";
    throw new ScramError();
  }

  /** @param {string} serverFirst */
  async final(serverFirst) {
    const fields = new Map(serverFirst.split(",").map((field) => [field[0], field.slice(2)]));
    const nonce = fields.get("r") ?? "";
    const salt = fields.get("s") ?? "";
    const iterations = Number(fields.get("i"));
    const isValid = nonce.startsWith(this.nonce) && nonce.length > this.nonce.length && salt;
    if (
      !isValid ||
      !Number.isInteger(iterations) ||
      iterations < 1 ||
      iterations > MOST_ITERATIONS
    ) {
      throw new ScramError();
    }
    if (this.key?.salt !== salt || this.key.iterations !== iterations) {
      if (!this.password) throw new ScramError();
      this.key = await deriveKey(this.password, salt, iterations);
    }
    const withoutProof = `c=biws,r=${nonce}`;
    const message = encoder.encode(`${this.firstBare},${serverFirst},${withoutProof}`);
    const clientKey = await hmac(this.key, encoder.encode("Client Key"));
    const signature = await hmacOf(await sha256(clientKey), message);
    const serverKey = await hmac(this.key, encoder.encode("Server Key"));
    this.serverSignature = toBase64(await hmacOf(serverKey, message));
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
    return `${withoutProof},p=${toBase64(proof)}`;
  }
}

/**
 * @param {string} password
 * @param {string} salt
 * @param {number} iterations
 * @returns {Promise<ScramKey>}
 */
async function deriveKey(password, salt, iterations) {
  const secret = encoder.encode(password.normalize("NFKC"));
  const { subtle } = globalThis.crypto;
  if (!subtle) {
    const { pbkdf2Async, sha256: hash } = await import("../../vendor/noble-hashes.js");
    const bytes = await pbkdf2Async(hash, secret, fromBase64(salt), { c: iterations, dkLen: 32 });
    return { salt, iterations, key: null, bytes };
  }
  const base = await subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
  const key = await subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt: fromBase64(salt), iterations },
    base,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign"],
  );
  return { salt, iterations, key, bytes: null };
}

/**
 * @param {ScramKey} key
 * @param {Uint8Array<ArrayBuffer>} message
 */
async function hmac(key, message) {
  if (key.key) {
    return new Uint8Array(await globalThis.crypto.subtle.sign("HMAC", key.key, message));
  }
  return hmacOf(key.bytes ?? new Uint8Array(), message);
}

/**
 * @param {Uint8Array} secret
 * @param {Uint8Array<ArrayBuffer>} message
 */
async function hmacOf(secret, message) {
  const { subtle } = globalThis.crypto;
  if (!subtle) {
    const { hmac: compute, sha256: hash } = await import("../../vendor/noble-hashes.js");
    return compute(hash, secret, message);
  }
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", new Uint8Array(secret), algorithm, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", key, message));
}

/** @param {Uint8Array} bytes */
async function sha256(bytes) {
  const { subtle } = globalThis.crypto;
  if (!subtle) return (await import("../../vendor/noble-hashes.js")).sha256(bytes);
  return new Uint8Array(await subtle.digest("SHA-256", new Uint8Array(bytes)));
}

function newNonce() {
  return toBase64(globalThis.crypto.getRandomValues(new Uint8Array(18)));
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** @param {string} text */
function fromBase64(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
