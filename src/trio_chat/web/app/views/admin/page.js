/** A list of the API as a table that can be sorted and searched. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { found, sorted } from "../../admin/listing.js";
import { cellText, longTime, raw } from "../../admin/values.js";
import { _, plural } from "../../platform/i18n.js";
import { Icon, IconButton } from "../icon.js";
import { openDialog } from "../ui.js";
import { State } from "./state.js";

/** @import { Console } from "../../admin/console.js" */
/** @import { Item, Listing } from "../../admin/listing.js" */
/** @import { Action, Column, Section } from "../../admin/sections.js" */

/** Rows that are drawn at first, and with each “Show more”. */
const ROWS = 100;

/** Milliseconds after a letter before the server is asked. */
const PAUSE = 300;

/** @typedef {{key: string, descending: boolean}} Order */

/** @param {{page: Console, section: Section}} props */
export function Page({ page, section }) {
  const listing = page.listing(section);
  const [text, setText] = useState("");
  const [rows, setRows] = useState(ROWS);
  const [order, setOrder] = useState(
    /** @type {Order} */ ({ key: "", descending: false, ...section.order }),
  );
  useEffect(() => void listing.load(), [listing]);
  const { columns } = section;
  const items = listing.items.value;
  const words = text.trim();
  useEffect(() => {
    const isEverything = !listing.words.peek() && !listing.hasMore.peek();
    if (isEverything || words === listing.words.peek() || !listing.searches) return undefined;
    const timer = setTimeout(() => void listing.find(words), PAUSE);
    return () => clearTimeout(timer);
  }, [words]);
  // The server has found words in more than the columns.
  const isFound = words !== "" && listing.words.value === words;
  const matching = isFound ? items : found(items, columns, words);
  const column = columns.find(({ key }) => key === order.key);
  const shown = sorted(matching, column, order.descending);
  const show = () => {
    setRows(rows + ROWS);
    if (rows + ROWS > items.length && listing.hasMore.peek()) void listing.more();
  };
  return [
    section.note ? h("p", { class: "quiet admin-note" }, _(section.note)) : null,
    h(Tools, { page, section, listing, text, setText }),
    h(State, { of: listing, text: summary(listing, section, matching.length, words) }),
    shown.length
      ? h(Table, { page, section, items: shown.slice(0, rows), order, setOrder })
      : null,
    h(
      "div",
      { class: "admin-more" },
      shown.length > rows || listing.hasMore.value
        ? h("button", { type: "button", onClick: show }, _("Show more"))
        : null,
      listing.hasMore.value
        ? h(
            "button",
            { type: "button", class: "link", onClick: () => void listing.more(true) },
            _("Load all"),
          )
        : null,
    ),
  ];
}

/**
 * @param {{page: Console, section: Section, listing: Listing, text: string,
 *   setText: (text: string) => void}} props
 */
function Tools({ page, section, listing, text, setText }) {
  return h(
    "div",
    { class: "admin-tools" },
    h("input", {
      type: "search",
      value: text,
      placeholder: _("Search"),
      "aria-label": _("Search in {section}", { section: _(section.title) }),
      autocomplete: "off",
      spellcheck: false,
      onInput: (/** @type {InputEvent} */ event) =>
        setText(/** @type {HTMLInputElement} */ (event.currentTarget).value),
      onKeyDown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Escape" || !text) return;
        // It empties the field first, and closes the page only when there is nothing in it.
        event.preventDefault();
        event.stopPropagation();
        setText("");
      },
    }),
    h(IconButton, {
      icon: "retry",
      label: _("Load again"),
      disabled: listing.state.value === "loading",
      onClick: () => void listing.load(),
    }),
    h(Create, { page, section }),
  );
}

/** The buttons of what can be done without an item. @param {{page: Console, section: Section}} props */
export function Create({ page, section }) {
  const actions = (section.create ?? []).filter(({ operation }) => page.allows(operation));
  return actions.map((action, index) =>
    h(
      "button",
      {
        key: action.id,
        type: "button",
        class: index ? undefined : "primary",
        onClick: () => openForm(page, section, action, null),
      },
      _(action.label),
    ),
  );
}

/**
 * Open the form of an action, which confirms it.
 * @param {Console} page
 * @param {Section} section
 * @param {Action} action
 * @param {Item|null} item
 */
export function openForm(page, section, action, item) {
  openDialog("adminForm", { page, section, action, item });
}

/**
 * Return how many items there are, and how many are found.
 * @param {Listing} listing
 * @param {Section} section
 * @param {number} count
 * @param {string} words That are searched.
 */
function summary(listing, section, count, words) {
  const total = listing.items.value.length;
  const more = listing.hasMore.value ? " " + _("There are more on the server.") : "";
  if (!total) return words ? _("Nothing was found.") : _(section.empty);
  if (!words || words === listing.words.value)
    return plural("{count} entry.", "{count} entries.", total) + more;
  return plural("{count} of {total} found.", "{count} of {total} found.", count, { total }) + more;
}

/**
 * @param {{page: Console, section: Section, items: readonly Item[], order: Order,
 *   setOrder: (order: Order) => void}} props
 */
function Table({ page, section, items, order, setOrder }) {
  return h(
    "table",
    { class: "admin-table" },
    h("caption", { class: "sr-only" }, _(section.title)),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        inTable(section).map((column) => h(Head, { key: column.key, column, order, setOrder })),
      ),
    ),
    h(
      "tbody",
      null,
      items.map((item, index) =>
        h(Row, { key: section.idOf(item) || index, page, section, item }),
      ),
    ),
  );
}

/** @param {Section} section */
function inTable({ columns }) {
  return columns.filter(({ hidden }) => !hidden);
}

/** @param {{column: Column, order: Order, setOrder: (order: Order) => void}} props */
function Head({ column, order, setOrder }) {
  const isOrder = order.key === column.key;
  const next = () => setOrder({ key: column.key, descending: isOrder && !order.descending });
  return h(
    "th",
    {
      scope: "col",
      class: classOf(column),
      "aria-sort": isOrder ? (order.descending ? "descending" : "ascending") : undefined,
    },
    h(
      "button",
      { type: "button", class: "admin-sort", onClick: next },
      _(column.label),
      isOrder
        ? h("span", { class: "admin-arrow", "aria-hidden": "true" }, order.descending ? "▼" : "▲")
        : null,
    ),
  );
}

/** @param {{page: Console, section: Section, item: Item}} props */
function Row({ page, section, item }) {
  return h(
    "tr",
    null,
    inTable(section).map((column, index) =>
      h(
        index ? "td" : "th",
        { key: column.key, scope: index ? undefined : "row", class: classOf(column) },
        index
          ? h(Cell, { item, column })
          : h(
              "button",
              {
                type: "button",
                class: "link admin-open",
                onClick: () => openDialog("adminItem", { page, section, item }),
              },
              h("bdi", null, cellText(item, column) || "—"),
              h(Icon, { name: "chevron" }),
            ),
      ),
    ),
  );
}

/** @param {{item: Item, column: Column}} props */
function Cell({ item, column }) {
  const text = cellText(item, column);
  if (column.kind === "time") return h("time", { title: longTime(raw(item, column)) }, text);
  return h("bdi", null, text);
}

/** @param {Column} column */
function classOf({ kind, wide }) {
  const isNumber = ["id", "number", "size", "duration", "percent"].includes(kind ?? "");
  return [isNumber && "number", wide && "wide"].filter(Boolean).join(" ") || undefined;
}
