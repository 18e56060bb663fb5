/** Operations of the API: which the server has, which the operator may use, and how one is asked for. */

/** @import { Api } from "./api.js" */
/** @import { Item } from "./listing.js" */
/** @import { Action, Section } from "./sections.js" */

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/**
 * Return the scope of each operation that the server describes (OpenAPI), by `GET /bans/{}`.
 * @param {any} description
 * @returns {Map<string, string>}
 */
export function operationsOf(description) {
  const found = new Map();
  for (const [path, methods] of Object.entries(description?.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods ?? {})) {
      if (!METHODS.has(method)) continue;
      const key = `${method.toUpperCase()} ${path.replace(/\{[^}]*\}/gu, "{}")}`;
      found.set(key, String(operation?.["x-scope"] ?? ""));
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
  return api.request(method, filled(path, action.ids?.(item) ?? [section.idOf(item)]), { body });
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
