/** One item of a list: all that the server says about it, and what can be done. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useMemo } from "../../../vendor/hooks.js";
import { factsOf } from "../../admin/facts.js";
import { Listing } from "../../admin/listing.js";
import { filled } from "../../admin/operations.js";
import { _ } from "../../platform/i18n.js";
import { plainName } from "../../text/formatting.js";
import { Dialog } from "../dialog.js";
import { openForm } from "./page.js";
import { State } from "./state.js";

/** @import { Console } from "../../admin/console.js" */
/** @import { Item } from "../../admin/listing.js" */
/** @import { Section } from "../../admin/sections.js" */

/** @param {{page: Console, section: Section, item: Item}} props */
export function ItemDialog({ page, section, item }) {
  const actions = (section.actions ?? []).filter(
    (action) => page.allows(action.operation) && (action.available?.(item) ?? true),
  );
  return h(
    Dialog,
    {
      title: h("bdi", null, plainName(section.nameOf(item))),
      class: "admin-item",
      scrolls: !actions.length,
    },
    h(Facts, { facts: factsOf(item, section.columns) }),
    (section.related ?? [])
      .filter(({ path }) => page.allows(`GET ${path}`))
      .map((related) => h(Related, { key: related.path, page, section, item, related })),
    actions.length
      ? h(
          "div",
          { class: "buttons" },
          actions.map((action) =>
            h(
              "button",
              {
                key: action.id,
                type: "button",
                class: action.danger ? "danger" : undefined,
                onClick: () => openForm(page, section, action, item),
              },
              _(action.label),
            ),
          ),
        )
      : null,
  );
}

/** @param {{facts: [string, string][]}} props */
export function Facts({ facts }) {
  return h(
    "dl",
    { class: "facts admin-facts" },
    facts.map(([name, value]) =>
      h("div", { key: name }, h("dt", null, name), h("dd", { dir: "auto" }, value)),
    ),
  );
}

/**
 * @param {{page: Console, section: Section, item: Item,
 *   related: NonNullable<Section["related"]>[number]}} props
 */
function Related({ page, section, item, related: { label, path, text } }) {
  const listing = useMemo(() => new Listing(page.api, filled(path, [section.idOf(item)])), [item]);
  useEffect(() => void listing.load(), [listing]);
  const items = listing.items.value;
  return [
    h("h3", null, _(label)),
    h(State, { of: listing, text: items.length ? "" : _("There are none.") }),
    h(
      "ul",
      { class: "admin-related" },
      items.map((each, index) => h("li", { key: index }, h("bdi", null, plainName(text(each))))),
    ),
    listing.hasMore.value
      ? h("button", { type: "button", class: "link", onClick: () => void listing.more() }, _("Show more"))
      : null,
  ];
}
