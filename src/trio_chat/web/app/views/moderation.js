/** What the user may do as a moderator, by the prefixes in the channel. The server decides again. */

import { _ } from "../platform/i18n.js";

/** @import { Buffer, Features, Workspace } from "../model/types.js" */

/**
 * Return whether the user may remove members.
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 */
export function isModerator(workspace, buffer) {
  return (
    [...buffer.myPrefixes.value].some((prefix) => "~&@%".includes(prefix)) ||
    /[oO]/u.test(workspace.me.modes.value)
  );
}

/**
 * Return the ranks that the user may give: those below the own one, and the own one itself.
 * @param {Features} features
 * @param {string} own The user's own prefixes.
 * @returns {{prefix: string, mode: string, name: string}[]}
 */
export function rankModes({ prefixes, ranks }, own) {
  const highest = Math.min(
    ...[...own].map((prefix) => prefixes.indexOf(prefix)).filter((index) => index >= 0),
    prefixes.length,
  );
  const operator = prefixes.indexOf("@");
  return [...prefixes]
    .map((prefix, index) => ({ prefix, mode: ranks[index] ?? "", name: rankName(prefix), index }))
    .filter(
      ({ index, mode }) =>
        mode && index >= Math.max(highest, operator) && (index > highest || highest <= operator),
    );
}

/**
 * Return the name of a rank.
 * @param {string} prefix
 */
export function rankName(prefix) {
  /** @type {Record<string, string>} */
  const names = {
    "~": _("founder"),
    "&": _("protected operator"),
    "@": _("operator"),
    "%": _("half-operator"),
    "+": _("voice"),
  };
  return names[prefix] ?? prefix;
}
