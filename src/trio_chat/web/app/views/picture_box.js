/** The room that a small picture has in the timeline, reserved before the picture is loaded. */

const [WIDEST, HIGHEST] = [320, 240];
/** A picture is a button, which has to be large enough for a finger. */
const LEAST = 44;
/** Where nothing is known of the picture. */
const UNKNOWN = { width: 320, height: 200 };
const DIMENSION = /^[1-9]\d{0,4}$/;

/**
 * Return the size of the box of a picture, in pixels.
 *
 * The address has the size of the picture as `?w=1200&h=800`. That is a hint which anybody can
 * change, so what is no size counts for nothing, and the box has limits.
 * @param {string} href
 */
export function pictureBox(href) {
  const { searchParams } = new URL(href);
  const [width, height] = ["w", "h"].map((name) => dimension(searchParams.get(name)));
  if (!width || !height) return UNKNOWN;
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  return { width: limited(width * scale, WIDEST), height: limited(height * scale, HIGHEST) };
}

/** @param {string|null} text */
function dimension(text) {
  return text && DIMENSION.test(text) ? Number(text) : 0;
}

/**
 * @param {number} size
 * @param {number} most
 */
function limited(size, most) {
  return Math.max(LEAST, Math.min(most, Math.round(size)));
}
