/** Operations of the API: which the server has, which the operator may use, and how one is asked for. */

/** @import { Api } from "./api.js" */
/** @import { Item } from "./listing.js" */
/** @import { Action, Section } from "./sections.js" */

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/**
 * @typedef {object} Operation
 * @property {string} scope That it needs; "" for none.
 * @property {ReadonlySet<string>} parameters Of its query.
 */

/**
 * Return the operations that the server describes (OpenAPI), by method and path: `GET /bans/{}`.
 * @param {any} description
 * @returns {Map<string, Operation>}
 */
export function operationsOf(description) {
  const found = new Map();
  for (const [path, methods] of Object.entries(description?.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods ?? {})) {
      if (!METHODS.has(method)) continue;
      const key = `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/gu, "{}")}`;
      const known = Array.isArray(operation?.parameters) ? operation.parameters : [];
      const names = known.map((/** @type {any} */ each) => (each?.in === "query" ? each.name : ""));
      const scope = String(operation?.["x-scope"] ?? "");
      found.set(key, { scope, parameters: new Set(names.filter(Boolean)) });
    }
  }
  return found;
}

/**
 * Return whether scopes include one.
 * @param {ReadonlySet<string>} scopes
 * @param {string} wanted "" for what any token may.
 */
export function permits(scopes, wanted) {
  return !wanted || scopes.has("admin") || scopes.has(wanted);
}

/**
 * Carry out an action.
 * @param {Api} api
 * @param {Section} section
 * @param {Action} action
 * @param {Item} item
 * @param {Record<string, string>} values What the form has.
 * @returns {Promise<any>}
 */
export function carryOut(api, section, action, item, values) {
  const [method = "", path = ""] = action.operation.split(" ");
  const body = action.body?.(values, item);
  const query = action.query?.(values, item);
  const ids = action.ids?.(item, values) ?? [section.idOf(item)];
  return api.request(method, filled(path, ids), { body, query });
}

/**
 * Return a path with its ids, which are any texts.
 * @param {string} path
 * @param {readonly unknown[]} ids
 */
export function filled(path, ids) {
  const rest = [...ids];
  return path.replace(/\{\}/gu, () => encodeURIComponent(String(rest.shift())));
}
