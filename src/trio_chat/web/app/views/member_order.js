/** Order of members: by the highest prefix, then by name. */

/** @import { Member } from "../model/types.js" */

/**
 * Return the members of each rank, the highest rank first; ranks without members are left out.
 * @param {Member[]} members
 * @param {string} prefixes The highest first.
 * @param {string} language
 * @returns {{prefix: string, members: Member[]}[]}
 */
export function byRank(members, prefixes, language) {
  const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  /** @type {Map<string, Member[]>} */
  const groups = new Map([...prefixes, ""].map((prefix) => [prefix, []]));
  for (const member of members)
    (groups.get(member.prefixes[0] ?? "") ?? groups.get(""))?.push(member);
  return [...groups]
    .filter(([, group]) => group.length)
    .map(([prefix, group]) => ({
      prefix,
      members: group.sort((one, other) => compare(one.nick, other.nick)),
    }));
}
