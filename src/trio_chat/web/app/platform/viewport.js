/**
 * The visible part of the page: on phones, `visualViewport` is what the on-screen keyboard leaves.
 * Its height becomes the custom property `--height`, by which the page is laid out.
 */

/**
 * Follow the visible part of the page.
 * @returns {() => void} Stops it.
 */
export function watchViewport() {
  const viewport = window.visualViewport;
  if (!viewport) return () => undefined;
  const apply = () => {
    const zoomed = viewport.scale > 1.01;
    const { style } = document.documentElement;
    if (zoomed) style.removeProperty("--height");
    else style.setProperty("--height", `${viewport.height}px`);
    // Safari scrolls the page under the keyboard although everything fits.
    if (!zoomed && viewport.offsetTop) scrollTo(0, 0);
  };
  apply();
  viewport.addEventListener("resize", apply);
  viewport.addEventListener("scroll", apply);
  return () => {
    viewport.removeEventListener("resize", apply);
    viewport.removeEventListener("scroll", apply);
  };
}
