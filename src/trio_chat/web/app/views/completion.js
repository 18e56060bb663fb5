/** Completion of what is typed: commands, nicknames, channels, and emoji by name. */

/** @import { Buffer, Command, Completion, Workspace } from "../model/types.js" */

/**
 * The word at the cursor that can be completed.
 * @typedef {object} Query
 * @property {Completion} kind
 * @property {string} text Without its sign.
 * @property {number} start
 * @property {number} end
 */

/**
 * @typedef {object} Candidate
 * @property {string} insert What replaces the word.
 * @property {string} label
 * @property {string} [detail]
 * @property {string} [sign] Emoji before the label.
 */

const MOST = 8;
const EMOJI = /(?:^|\s):([\p{L}\p{N}_+-]{2,})$/u;

/**
 * Return what can be completed before the cursor.
 * @param {string} text
 * @param {number} cursor
 * @param {readonly Command[]} commands
 * @param {{channelTypes: string, forced: boolean}} options `forced`: the user has pressed Tab, so
 *   that a word without a sign counts as a nickname.
 * @returns {Query|null}
 */
export function queryAt(text, cursor, commands, { channelTypes, forced }) {
  const before = text.slice(0, cursor);
  const command = /^\/(\S*)$/u.exec(before);
  if (command && !before.startsWith("//")) return query("command", command[1] ?? "", cursor);
  const word = /\S*$/u.exec(before)?.[0] ?? "";
  const emoji = EMOJI.exec(before)?.[1];
  if (emoji) return { kind: "emoji", text: emoji, start: cursor - emoji.length - 1, end: cursor };
  const parameter = parameterKind(before, commands);
  if (word.startsWith("@") && word.length > 1) {
    const start = cursor - word.length + (parameter === "@nick" ? 1 : 0);
    return { kind: "nick", text: word.slice(1), start, end: cursor };
  }
  if (word && channelTypes.includes(word[0] ?? " ")) return query("channel", word, cursor);
  if (parameter === "nick" || parameter === "channel") {
    if (word || forced) return query(parameter, word, cursor);
  }
  return forced && word ? query("nick", word, cursor) : null;
}

/**
 * @param {Completion} kind
 * @param {string} text
 * @param {number} end
 * @returns {Query}
 */
function query(kind, text, end) {
  return { kind, text, start: end - text.length - (kind === "command" ? 1 : 0), end };
}

/**
 * Return what completes the parameter of a command at the end of a text.
 * @param {string} before
 * @param {readonly Command[]} commands
 * @returns {Completion}
 */
function parameterKind(before, commands) {
  const words = /^\/(\S+)\s/u.exec(before);
  if (!words) return "";
  const command = commands.find(({ name }) => name === words[1]?.toLowerCase());
  const count = before.trimStart().split(/\s+/u).length - 2;
  return command?.complete[Math.min(count, command.complete.length - 1)] ?? "";
}

/**
 * Return the candidates for commands, channels and nicknames.
 * @param {Query} wanted
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 * @returns {Candidate[]}
 */
export function candidates(wanted, workspace, buffer) {
  const needle = wanted.text.toLowerCase();
  switch (wanted.kind) {
    case "command":
      return workspace.commands
        .filter(({ name }) => name.startsWith(needle))
        .slice(0, MOST)
        .map(({ name, usage, help }) => ({
          insert: `/${name} `,
          label: `/${name}`,
          detail: usage ? `${usage} – ${help}` : help,
        }));
    case "channel":
      return workspace.buffers.value
        .filter(({ kind, name }) => kind === "channel" && name.toLowerCase().startsWith(needle))
        .slice(0, MOST)
        .map(({ name, topic }) => ({ insert: `${name} `, label: name, detail: topic.value.text }));
    case "nick":
      return nicks(needle, buffer, workspace.me.nick.value)
        .slice(0, MOST)
        .map((nick) => ({ insert: wanted.start === 0 ? `${nick}: ` : `${nick} `, label: nick }));
    default:
      return [];
  }
}

/**
 * Return the nicknames that begin with a text, the last speaker first.
 * @param {string} needle Lower case.
 * @param {Buffer} buffer
 * @param {string} own
 */
export function nicks(needle, buffer, own) {
  const members = [...buffer.members.values(), ...(buffer.peer.value ? [buffer.peer.value] : [])];
  const found = new Map(members.map((member) => [member.nick, member.spoke]));
  found.delete(own);
  return [...found]
    .filter(([nick]) => nick.toLowerCase().startsWith(needle))
    .sort(([one, spoke], [other, otherSpoke]) => otherSpoke - spoke || one.localeCompare(other))
    .map(([nick]) => nick);
}

/**
 * Return a text with a word replaced by a candidate, and the new position of the cursor.
 * @param {string} text
 * @param {Query} wanted
 * @param {Candidate} candidate
 */
export function inserted(text, { start, end }, candidate) {
  const rest = text.slice(end);
  const insert =
    candidate.insert.endsWith(" ") && rest.startsWith(" ")
      ? candidate.insert.slice(0, -1)
      : candidate.insert;
  return { text: text.slice(0, start) + insert + rest, cursor: start + insert.length };
}
