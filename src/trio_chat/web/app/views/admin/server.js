/** What the server says about itself, and what can be done to all of it. */

import { h } from "../../../vendor/preact.js";
import { useEffect } from "../../../vendor/hooks.js";
import { factsOf } from "../../admin/facts.js";
import { _ } from "../../platform/i18n.js";
import { Facts } from "./item.js";
import { Create } from "./page.js";
import { State } from "./state.js";

/** @import { Console } from "../../admin/console.js" */
/** @import { Section } from "../../admin/sections.js" */

/** @param {{page: Console, section: Section}} props */
export function ServerPage({ page, section }) {
  const resource = page.resource(section);
  useEffect(() => void resource.load(), [resource]);
  const value = resource.value.value;
  return [
    section.note ? h("p", { class: "quiet admin-note" }, _(section.note)) : null,
    h("div", { class: "admin-tools" }, h(Create, { page, section })),
    h(State, { of: resource }),
    value ? h(Facts, { facts: factsOf(value, section.columns) }) : null,
  ];
}
