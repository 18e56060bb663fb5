/** Sections of the administrator's page: one table of what each shows, and what can be done there. */

import { N_ } from "../platform/i18n.js";
import { MODERATION } from "./sections_moderation.js";
import { PEOPLE } from "./sections_people.js";
import { RECORDS } from "./sections_records.js";
import { RULES } from "./sections_rules.js";

/** @import { IconName } from "../views/icon.js" */
/** @import { Item } from "./listing.js" */

/**
 * A column of a table.
 * @typedef {object} Column
 * @property {string} key Of the value in an item; with dots for values within values.
 * @property {string} label
 * @property {"text"|"time"|"id"|"number"|"size"|"duration"|"percent"} [kind]
 * @property {boolean} [wide] Whether it is shown only where there is room; the details have it.
 * @property {boolean} [hidden] Whether only the details have it.
 * @property {(item: Item) => unknown} [value] What is shown instead of the value itself.
 * @property {string[]} [covers] Keys that it shows besides its own.
 */

/**
 * A field of the form of an action.
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {"text"|"password"|"number"|"check"|"scopes"} [type] `scopes`: those that the operator has.
 * @property {readonly [string, string][]|((item: Item) => readonly [string, string][])} [choices]
 *   Values and their texts; those of an item are not translated.
 * @property {string} [hint]
 * @property {boolean} [optional]
 * @property {(item: Item) => string} [value] What it contains at first.
 */

/**
 * Something that can be done; a form confirms it. It is shown where the server has the operation and
 * the operator its scope.
 * @typedef {object} Action
 * @property {string} id
 * @property {string} label
 * @property {string} [confirm] Label of the button of the form.
 * @property {boolean} [danger] Whether it takes something away.
 * @property {string} operation Method and path, with `{}` for each id: `DELETE /sessions/{}`.
 * @property {(item: Item, values: Record<string, string>) => unknown[]} [ids] What stands for them; by
 *   default the id of the item.
 * @property {(values: Record<string, string>, item: Item) => Record<string, unknown>} [body]
 *   Of the values of the form; several of one name are lines.
 * @property {(values: Record<string, string>, item: Item) => Record<string, string>} [query]
 * @property {(item: Item) => string} explain Sentence, translated: what happens.
 * @property {readonly Field[]} [fields]
 * @property {string} done Sentence when it was done.
 * @property {(result: any) => string[]} [lines] Further sentences, from the answer.
 * @property {(result: any) => string} [secret] A secret in the answer, which is shown once.
 * @property {boolean} [isJob] Whether the answer is a job, whose progress is shown.
 * @property {(item: Item) => boolean} [available]
 */

/**
 * @typedef {object} Section
 * @property {string} id
 * @property {string} title
 * @property {IconName} icon
 * @property {string} path
 * @property {"list"|"overview"|"storage"|"server"} [view]
 * @property {readonly Column[]} columns
 * @property {(item: Item) => string} idOf
 * @property {(item: Item) => string} nameOf
 * @property {string} empty Sentence when there is nothing.
 * @property {readonly {label: string, path: string, text: (item: Item) => string}[]} [related] Other
 *   lists that belong to an item, for its details.
 * @property {string} [note] Sentence above the table.
 * @property {{key: string, descending?: boolean}} [order] At first; none keeps that of the server.
 * @property {readonly Action[]} [actions] For one item.
 * @property {readonly Action[]} [create] Without an item.
 */

const NOTHING = { columns: [], idOf: () => "", nameOf: () => "", empty: "" };

/** @type {readonly Section[]} */
export const SECTIONS = [
  {
    ...NOTHING,
    id: "overview",
    title: N_("Overview"),
    icon: "chart",
    path: "/metrics",
    view: "overview",
  },
  ...PEOPLE,
  ...RULES,
  ...MODERATION,
  ...RECORDS,
];
