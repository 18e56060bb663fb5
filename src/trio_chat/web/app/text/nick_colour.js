/**
 * Colours of nicknames: the class of a nickname, by the same hash (CRC-32 as in zlib) and with the
 * same palette as in the terminal client.
 */

const COLOURS = 24;
const TABLE = Uint32Array.from({ length: 256 }, (_unused, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});
const encoder = new TextEncoder();
const MOST_CACHED = 2000;
/** @type {Map<string, string>} */
const cache = new Map();

/**
 * Return the CRC-32 of bytes (ISO 3309).
 * @param {Uint8Array} bytes
 */
export function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ (TABLE[(sum ^ byte) & 0xff] ?? 0);
  return (sum ^ 0xffffffff) >>> 0;
}

/**
 * Return the class of a nickname's colour, `n0` to `n23`.
 * @param {string} nick
 */
export function nickClass(nick) {
  let found = cache.get(nick);
  if (found === undefined) {
    found = `n${crc32(encoder.encode(nick.toLowerCase())) % COLOURS}`;
    if (cache.size >= MOST_CACHED) cache.clear();
    cache.set(nick, found);
  }
  return found;
}
