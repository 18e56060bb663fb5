export * from "@noble/hashes/sha2.js";
export * from "@noble/hashes/hmac.js";
export * from "@noble/hashes/pbkdf2.js";
