/**
 * A modal dialog: `<dialog>`, which keeps the focus inside and gives it back when it is closed. A
 * click outside and Escape close it.
 */

import { h } from "../../vendor/preact.js";
import { useEffect, useId, useLayoutEffect, useRef } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { Icon, IconButton } from "./icon.js";
import { Notices } from "./notices.js";
import { closeDialog, focusPrompt } from "./ui.js";

/** @import { ComponentChildren } from "../../vendor/preact.js" */

/**
 * @param {{title: ComponentChildren, class?: string, scrolls?: boolean,
 *   children?: ComponentChildren}} props `scrolls`: nothing in it takes the focus, so that the keyboard
 *   scrolls the body itself.
 */
export function Dialog({ title, class: name = "", scrolls = false, children }) {
  const element = useRef(/** @type {HTMLDialogElement|null} */ (null));
  // Dialogs lie above each other, and each has a name.
  const titleId = useId();
  useLayoutEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before !== document.body) before?.focus({ preventScroll: true });
      // It is gone, or hidden, as what is in a drawer of a narrow page.
      if (before === document.body || document.activeElement !== before) focusPrompt();
    };
  }, []);
  useEffect(() => {
    const first = /** @type {HTMLElement|null|undefined} */ (
      element.current?.querySelector("[data-autofocus]")
    );
    if (
      first &&
      !(
        matchMedia("(pointer: coarse)").matches &&
        first.tagName === "INPUT" &&
        first.getAttribute("type") !== "search"
      )
    )
      first.focus();
  }, []);
  return h(
    "dialog",
    {
      ref: element,
      class: `dialog ${name}`,
      "aria-labelledby": titleId,
      onCancel: (/** @type {Event} */ event) => {
        if (event.target !== element.current) return;
        event.preventDefault();
        closeDialog();
      },
      onKeyDown: (/** @type {KeyboardEvent} */ event) => {
        // A field for a search would be emptied instead.
        if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
        event.preventDefault();
        event.stopPropagation();
        closeDialog();
      },
      // A browser closes a dialog itself when Escape is pressed twice.
      onClose: () => element.current?.isConnected && closeDialog(),
      onPointerDown: (/** @type {PointerEvent} */ event) => {
        if (
          event.target instanceof HTMLDialogElement &&
          event.target === element.current &&
          isOutside(event, event.target)
        )
          closeDialog();
      },
    },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id: titleId }, title),
      h(IconButton, { icon: "close", label: _("Close"), onClick: closeDialog }),
    ),
    h("div", { class: "dialog-body", tabIndex: scrolls ? 0 : undefined }, children),
    // Those of the page lie behind the dialog.
    h(Notices, null),
  );
}

/**
 * @param {PointerEvent} event
 * @param {Element} element
 */
function isOutside(event, element) {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return (
    event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom
  );
}

/**
 * A row of a menu.
 * @param {{icon: import("./icon.js").IconName, label: ComponentChildren, onClick: () => void,
 *   danger?: boolean}} props
 */
export function MenuItem({ icon, label, onClick, danger }) {
  return h(
    "button",
    { type: "button", class: danger ? "menu-item danger" : "menu-item", onClick },
    h(Icon, { name: icon }),
    h("span", null, label),
  );
}
