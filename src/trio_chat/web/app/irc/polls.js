/**
 * Polls: a message with numbered options, and the reactions to it with the signs of the options.
 * The same as `irc/polls.py`; both pass the cases of `tests/poll_cases.json`.
 */

/** The signs of the options: the reaction with one is a vote. */
export const SIGNS = [..."123456789"].map((digit) => `${digit}\ufe0f\u20e3`).concat("🔟");
export const LEAST_OPTIONS = 2;
/** Bytes of a text for which every server has room in one line. */
export const LINE_ROOM = 350;
const MARK = "📊";
const CLOSED_MARK = "🏁";
const SEVERAL = "☑\ufe0f";
const BEGINNING = /^📊(☑\ufe0f?)?[ \n]+/u;
const CLOSED_BEGINNING = /^🏁[ \n]+/u;
const SIGN = /([1-9])\ufe0f?\u20e3|🔟/gu;
const ONE_SIGN = /^(?:([1-9])\ufe0f?\u20e3|🔟)$/u;
const COUNTED = /^.+ — ([0-9]{1,7})$/su;
const ASKED = /^(.*[?？])[ \t\r\n\u00a0]+([^ ].*)$/su;
const SEVERAL_OPTION = /^-m(?=[ \t\r\n\u00a0]|$)/u;
/** @type {Record<string, string>} */
const QUOTES = { '"': '"', "“": "”", "„": "“”", "«": "»", "'": "'" };

/** @typedef {"no question"|"few options"|"many options"|"same options"|"signs of options"} PollProblem */
/**
 * @typedef {object} Poll
 * @property {string} question
 * @property {string[]} options
 * @property {boolean} takesSeveral Whether a user may choose several options.
 */

/**
 * Return the message that a poll is: one line where that has room, else several.
 * @param {Poll} poll
 * @param {number} room How many bytes one line may have.
 */
export function pollText({ question, options, takesSeveral }, room) {
  return joined(`${MARK}${takesSeveral ? SEVERAL : ""} ${question}`, options, room);
}

/**
 * Return the answer that closes the poll with these counts, in the same forms.
 * @param {Poll} poll
 * @param {number[]} counts
 * @param {number} room
 */
export function resultText({ question, options }, counts, room) {
  const counted = options.map((option, number) => `${option} — ${counts[number]}`);
  return joined(`${CLOSED_MARK} ${question}`, counted, room);
}

/**
 * Return the number of the option that a reaction votes for, from 0; -1 for no vote.
 * @param {Poll} poll
 * @param {string} reaction
 */
export function optionOf({ options }, reaction) {
  const number = signNumber(reaction);
  return number < options.length ? number : -1;
}

/**
 * Return for each option the nicknames of those that chose it. Where one option can be chosen, the
 * last reaction of a user counts. A bot that reacts to its own poll offers the signs and does not
 * vote, nor does an author that has reacted with all.
 * @param {Poll} poll
 * @param {string} author
 * @param {ReadonlyMap<string, readonly string[]>} reactions Those of each nickname, the first one
 *   first.
 * @param {boolean} [isBot] Whether the author is a bot.
 */
export function votersOf(poll, author, reactions, isBot = false) {
  /** @type {string[][]} */
  const voters = poll.options.map(() => []);
  for (const [nick, signs] of reactions) {
    if (isBot && nick === author) continue;
    let numbers = [...new Set(signs.map((sign) => optionOf(poll, sign)))].filter((n) => n >= 0);
    if (!poll.takesSeveral) {
      const isOffer = nick === author && numbers.length === voters.length;
      numbers = isOffer ? [] : numbers.slice(-1);
    }
    for (const number of numbers) voters[number]?.push(nick);
  }
  return voters;
}

/**
 * Return the reactions that a vote for an option consists of: those of the user that are taken back
 * first, and the new one, "" for none. The same vote again takes it back.
 * @param {Poll} poll
 * @param {readonly string[]} mine The user's own reactions, the first one first.
 * @param {number} number
 * @returns {{takenBack: string[], given: string}}
 */
export function voteFor(poll, mine, number) {
  const votes = mine.filter((sign) => optionOf(poll, sign) >= 0);
  const chosen = poll.takesSeveral ? votes : votes.slice(-1);
  const isSame = chosen.some((sign) => optionOf(poll, sign) === number);
  if (!poll.takesSeveral) return { takenBack: votes, given: isSame ? "" : (SIGNS[number] ?? "") };
  if (!isSame) return { takenBack: [], given: SIGNS[number] ?? "" };
  return { takenBack: votes.filter((sign) => optionOf(poll, sign) === number), given: "" };
}

/**
 * Return the poll that a message is, null for any other message.
 * @param {string} text
 * @returns {Poll|null}
 */
export function readPoll(text) {
  const beginning = BEGINNING.exec(text);
  const parts = beginning && partsOf(text.slice(beginning[0].length));
  if (!parts || sameOption(parts.options)) return null;
  return { ...parts, takesSeveral: beginning[1] !== undefined };
}

/**
 * Return the counts of the answer that closes a poll, null for any other message.
 * @param {string} text
 * @returns {number[]|null}
 */
export function readResult(text) {
  const beginning = CLOSED_BEGINNING.exec(text);
  const parts = beginning && partsOf(text.slice(beginning[0].length));
  const counts = (parts?.options ?? []).map((option) => Number(COUNTED.exec(option)?.[1] ?? NaN));
  return counts.length && !counts.some(Number.isNaN) ? counts : null;
}

/**
 * Return the poll that a user has typed: `-m "Lunch?" pizza | soup`; or why it is none. The
 * question ends at its quote, or else at a question mark, or else at the first bar.
 * @param {string} typed
 * @returns {Poll|{problem: PollProblem, value: string}}
 */
export function typedPoll(typed) {
  let text = trimmed(typed);
  const takesSeveral = SEVERAL_OPTION.test(text);
  if (takesSeveral) text = trimmed(text.slice(2));
  const [question, ...options] = splitRequest(text);
  return checked(question, options, takesSeveral);
}

/**
 * Return a poll of these texts, or why there is none.
 * @param {string} question
 * @param {readonly string[]} texts
 * @param {boolean} takesSeveral
 * @returns {Poll|{problem: PollProblem, value: string}}
 */
export function checked(question, texts, takesSeveral) {
  const poll = { question: tidy(question), options: texts.map(tidy).filter(Boolean), takesSeveral };
  const { options } = poll;
  const no = (/** @type {PollProblem} */ problem, value = "") => ({ problem, value });
  if (!poll.question) return no("no question");
  if (options.length < LEAST_OPTIONS) return no("few options");
  if (options.length > SIGNS.length) return no("many options");
  const same = sameOption(options);
  if (same) return no("same options", same);
  const wanted = JSON.stringify(poll);
  const isRead = [0, Infinity].every(
    (room) => JSON.stringify(readPoll(pollText(poll, room))) === wanted,
  );
  return isRead ? poll : no("signs of options");
}

/**
 * Return the question of a typed text, and the options.
 * @param {string} text
 * @returns {[string, ...string[]]}
 */
function splitRequest(text) {
  const closing = QUOTES[text[0] ?? ""];
  if (closing) {
    const ends = [...closing].map((sign) => text.indexOf(sign, 1)).filter((end) => end > 0);
    const end = Math.min(...ends);
    if (ends.length) return [text.slice(1, end), ...text.slice(end + 1).split("|")];
    text = text.slice(1);
  }
  const [first = "", ...options] = text.split("|");
  const asked = ASKED.exec(first.replace(/[ \t\r\n\u00a0]+$/u, ""));
  return asked ? [asked[1] ?? "", asked[2] ?? "", ...options] : [first, ...options];
}

/**
 * Return the question and the options of a text whose options have their signs before them.
 * @param {string} body
 * @returns {{question: string, options: string[]}|null}
 */
function partsOf(body) {
  const starts = [0];
  /** @type {number[]} */
  const ends = [];
  for (const found of body.matchAll(SIGN)) {
    const end = found.index + found[0].length;
    const isAlone = /^[ \n]$/.test(body[found.index - 1] ?? "") && /^[ \n]$/.test(body[end] ?? "");
    if (isAlone && signNumber(found[0]) === ends.length) {
      ends.push(found.index);
      starts.push(end);
    }
  }
  const [question = "", ...options] = starts.map((start, place) =>
    tidy(body.slice(start, ends[place] ?? body.length)),
  );
  const isPoll = question && options.length >= LEAST_OPTIONS && options.every(Boolean);
  return isPoll ? { question, options } : null;
}

/**
 * @param {string} first
 * @param {readonly string[]} options
 * @param {number} room
 */
function joined(first, options, room) {
  const lines = [first, ...options.map((option, number) => `${SIGNS[number]} ${option}`)];
  const line = lines.join("  ");
  return new TextEncoder().encode(line).length <= room ? line : lines.join("\n");
}

/** @param {string} reaction */
function signNumber(reaction) {
  const found = ONE_SIGN.exec(reaction);
  if (!found) return -1;
  return found[1] ? Number(found[1]) - 1 : SIGNS.length - 1;
}

/**
 * Return an option that is there twice, "" for none.
 * @param {readonly string[]} options
 */
function sameOption(options) {
  const lower = options.map((option) => option.toLowerCase());
  return options.find((_option, place) => lower.indexOf(lower[place] ?? "") < place) ?? "";
}

/** @param {string} text */
function tidy(text) {
  return text.replace(/[ \t\r\n\u00a0]+/gu, " ").replace(/^ | $/g, "");
}

/** @param {string} text */
function trimmed(text) {
  return text.replace(/^[ \t\r\n\u00a0]+|[ \t\r\n\u00a0]+$/gu, "");
}
