/** Pictures, made small in the browser: the file as it is may have megabytes, and a place in it. */
import { _ } from "./i18n.js";

/** Pixels of a side: twice the largest size in which a picture of a user is shown. */
const SIDE = 128;
const QUALITY = 0.85;

/**
 * Return the middle of a picture as a square.
 * @param {File} file
 * @returns {Promise<File>}
 * @throws {Error} The browser cannot read it.
 */
export async function smallPicture(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  if (!bitmap || !context) throw new Error(_("The browser cannot read this picture."));
  const { left, top, side } = middle(bitmap.width, bitmap.height);
  context.drawImage(bitmap, left, top, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  // A browser that does not write WebP writes PNG.
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", QUALITY));
  if (!(blob instanceof Blob)) throw new Error(_("The browser cannot read this picture."));
  const ending = blob.type === "image/webp" ? "webp" : "png";
  return new File([blob], `avatar.${ending}`, { type: blob.type });
}

/**
 * Return the largest square in the middle of an area.
 * @param {number} width
 * @param {number} height
 */
export function middle(width, height) {
  const side = Math.min(width, height);
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
}
