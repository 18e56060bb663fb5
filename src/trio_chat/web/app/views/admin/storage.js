/** The storage: a bar of how the space on the disk is divided, with its numbers in a table. */

import { h } from "../../../vendor/preact.js";
import { useEffect } from "../../../vendor/hooks.js";
import { factsOf } from "../../admin/facts.js";
import { SHOWN, partsOf } from "../../admin/storage_parts.js";
import { shown } from "../../admin/values.js";
import { _, language } from "../../platform/i18n.js";
import { Facts } from "./item.js";
import { Create } from "./page.js";
import { State } from "./state.js";

/** @import { Console } from "../../admin/console.js" */
/** @import { Section } from "../../admin/sections.js" */
/** @import { Part } from "../../admin/storage_parts.js" */

const WIDTH = 1000;

/** @param {{page: Console, section: Section}} props */
export function StoragePage({ page, section }) {
  const resource = page.resource(section);
  useEffect(() => void resource.load(), [resource]);
  const value = resource.value.value;
  const parts = value ? partsOf(value) : [];
  // What the bar does not show.
  const others = value && Object.fromEntries(Object.entries(value).filter(([key]) => !SHOWN.has(key)));
  return [
    h("div", { class: "admin-tools" }, h(Create, { page, section })),
    h(State, { of: resource }),
    parts.length ? [h(Bar, { parts }), h(Parts, { parts })] : null,
    others ? h(Facts, { facts: factsOf(others, section.columns) }) : null,
  ];
}

/** @param {readonly Part[]} parts */
function total(parts) {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * @param {Part} part
 * @param {number} index
 */
function partClass({ id }, index) {
  return `part-${id === "free" || id === "other" ? id : index}`;
}

/** The bar; the table says the same. @param {{parts: readonly Part[]}} props */
function Bar({ parts }) {
  const scale = WIDTH / total(parts);
  let left = 0;
  return h(
    "div",
    { class: "admin-bar", "aria-hidden": "true" },
    h(
      "svg",
      { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", focusable: "false" },
      parts.map((part, index) => {
        const x = left;
        // What is there is seen, however little it is.
        const width = Math.max(part.bytes * scale, 3);
        left += width;
        return h("rect", { key: part.id, class: partClass(part, index), x, y: 0, width, height: 10 });
      }),
    ),
  );
}

/** @param {{parts: readonly Part[]}} props */
function Parts({ parts }) {
  const all = total(parts);
  const share = new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: 1 });
  return h(
    "table",
    { class: "admin-table admin-parts" },
    h("caption", { class: "sr-only" }, _("Space on the disk")),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        h("th", { scope: "col" }, _("Part")),
        h("th", { scope: "col", class: "number" }, _("Size")),
        h("th", { scope: "col", class: "number" }, _("Share of the disk")),
      ),
    ),
    h(
      "tbody",
      null,
      parts.map((part, index) =>
        h(
          "tr",
          { key: part.id },
          h(
            "th",
            { scope: "row" },
            h("span", { class: `admin-swatch ${partClass(part, index)}`, "aria-hidden": "true" }),
            _(part.label),
          ),
          h("td", { class: "number" }, shown(part.bytes, "size")),
          h("td", { class: "number" }, share.format(part.bytes / all)),
        ),
      ),
    ),
  );
}
