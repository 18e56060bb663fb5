/**
 * Bans for nicknames. A ban of a nickname alone ends with the next nickname, so the mask is one of
 * the host or the account where it covers no other member of the channel.
 */
import { isMask, matcher } from "../irc/masks.js";
import { _ } from "../platform/i18n.js";
import { whois } from "./queries.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Client } from "./client.js" */

/** Changes in one MODE that every server accepts. */
const AT_ONCE = 4;

/**
 * Who is to be banned: `host` has the user name, too, as in a source.
 * @typedef {{nick: string, host: string, account: string}} Person
 */

/**
 * Keep users out of a channel, or lift that.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {"+"|"-"} sign
 * @param {string[]} words Nicknames and masks.
 * @param {{mode: string, prefix: string}} [how] Another list mode than that of bans, or what stands
 *   before its masks.
 * @param {() => void} [then] What follows the change.
 */
export async function changeBans(client, buffer, sign, words, { mode, prefix } = BAN, then) {
  const { onRefused } = client;
  const masks = await Promise.all(
    words.map(async (word) => {
      if (isMask(word)) return [word];
      const person = await personOf(client, buffer, word);
      const all = masksOf(client, person);
      if (sign === "-" && !person.host) client.model.tell(buffer, unknown(person.nick));
      return sign === "-" ? all : [all.find((mask) => isFree(client, buffer, person, mask)) ?? ""];
    }),
  );
  const params = masks.flat().map((mask) => prefix + mask);
  client.onRefused = onRefused; // of the command that all this belongs to
  sendModes(client, buffer, sign + mode, params);
  then?.();
  client.onRefused = () => {};
}

const BAN = { mode: "b", prefix: "" };

/** @param {string} nick */
function unknown(nick) {
  return _(
    "{nick} is not here, so only a ban of this nickname is lifted. /ban shows all of them, and /unban takes them as they are shown.",
    { nick },
  );
}

/**
 * Send a change of a mode with several parameters.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {string} mode
 * @param {string[]} params
 */
export function sendModes(client, buffer, mode, params) {
  for (let start = 0; start < params.length; start += AT_ONCE) {
    const some = params.slice(start, start + AT_ONCE);
    const changes = mode.charAt(0) + mode.charAt(1).repeat(some.length);
    client.command(buffer, "MODE", buffer.name, changes, ...some);
  }
}

/**
 * Return what is known about a user. Those that have left the channel are asked for.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {string} nick
 * @returns {Promise<Person>}
 */
async function personOf(client, buffer, nick) {
  const member = buffer.members.get(client.model.fold(nick));
  if (member?.host) return member;
  return whois(client, nick).catch(() => ({ nick, host: "", account: "" }));
}

/**
 * Return the masks that cover a user, the widest first; the last one covers the nickname alone.
 * @param {Client} client
 * @param {Person} person
 */
function masksOf({ model }, { nick, host, account }) {
  const { isupport } = model;
  const [sign = "", name = ""] = ["EXTBAN", "ACCOUNTEXTBAN"].map(
    (token) => isupport.text(token, "").split(",")[0],
  );
  const masks = host ? [`*!*@${host.slice(host.indexOf("@") + 1)}`] : [];
  if (account && name) masks.push(`${sign}${name}:${account}`);
  if (host) masks.push(`*!${host}`);
  return [...masks, `${nick}!*@*`];
}

/**
 * Return whether a mask covers no other member of a channel.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {Person} person
 * @param {string} mask
 */
function isFree({ model }, buffer, person, mask) {
  const covers = matcher([mask], (name) => model.fold(name));
  return ![...buffer.members.values()].some(
    ({ nick, host }) => !model.same(nick, person.nick) && covers(`${nick}!${host}`),
  );
}
