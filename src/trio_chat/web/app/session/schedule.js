/** Messages that are sent later, and reminders: the commands AT and REMIND of NickServ. */
import { isoTime, offsetOf } from "../model/schedule_times.js";
import { _ } from "../platform/i18n.js";
import { askNickServ } from "./queries.js";

/** @import { Schedule, ScheduledMessage } from "../model/types.js" */
/** @import { Client } from "./client.js" */

const LINE = /^(\d+)\. (\S+) (?:to (\S+)|reminder): (.*)$/su;
const TOTAL = /^\d+ of at most (\d+) messages wait/u;
const DONE = /^(\d+)\. (?:Will be sent|Is a reminder)/u;

/**
 * Return what waits to be sent, and what changes it. All of it throws an error with a sentence for
 * the user when the server does not do it.
 * @param {Client} client
 * @returns {Schedule}
 */
export function scheduleOf(client) {
  const ask = async (/** @type {string[]} */ ...words) => {
    if (!client.model.me.account.value) throw new Error(needsLogin());
    if (words.some((word) => /[\r\n\0]/.test(word))) {
      throw new Error(_("A message that is sent later has one line."));
    }
    return askNickServ(client, ...words);
  };
  const add = async (/** @type {string[]} */ ...words) => {
    const [line = ""] = await ask(...words);
    const number = DONE.exec(line)?.[1];
    if (!number) throw new Error(reason(line));
    const note = / Be in \S+ then/u.test(line)
      ? _("Be in the channel then: one cannot simply join it.")
      : "";
    return { number, note };
  };
  const change = async (/** @type {RegExp} */ done, /** @type {string[]} */ ...words) => {
    const [line = ""] = await ask(...words);
    if (!done.test(line)) throw new Error(reason(line));
  };
  return {
    at: (time, target, text) => add("AT", toWord(time), target, text),
    remind: (time, text) => add("REMIND", toWord(time), text),
    cancel: (number) => change(/ is cancelled\.$/u, "AT", "CANCEL", number),
    move: (number, time) => change(/ will be sent at /u, "AT", "MOVE", number, toWord(time)),
    async list() {
      const lines = await ask("AT", "LIST", offsetOf(new Date()));
      const total = lines.map((line) => TOTAL.exec(line)?.[1]).find(Boolean);
      if (!total) throw new Error(reason(lines[0] ?? ""));
      return { messages: lines.flatMap(messageOf), most: Number(total) };
    },
  };
}

/** @param {Date|string} time */
function toWord(time) {
  return typeof time === "string" ? time : isoTime(time);
}

/**
 * @param {string} line
 * @returns {ScheduledMessage[]}
 */
function messageOf(line) {
  const [, number = "", when = "", target = "", text = ""] = LINE.exec(line) ?? [];
  const time = Date.parse(when);
  return number && time ? [{ number, time, target, text }] : [];
}

export function needsLogin() {
  return _(
    "Log in first: the server keeps messages that are sent later, and reminders, for accounts only.",
  );
}

/**
 * Return why the server has not done it, in the language of the user where its sentence is known.
 * @param {string} line
 */
function reason(line) {
  const most = /^You have (\d+) messages that wait/u.exec(line)?.[1];
  if (most) {
    return _("You have {count} messages that wait, which is as many as one can have. Cancel one first.", {
      count: most,
    });
  }
  const atOnce = /^Only (\d+) messages can be sent within a minute/u.exec(line)?.[1];
  if (atOnce) {
    return _("Only {count} messages can be sent within a minute. Choose another minute.", { count: atOnce });
  }
  const unknown = /^(\S+) has no account/u.exec(line)?.[1];
  if (unknown) {
    return _("{nick} has no account, so somebody else may be {nick} by then.", { nick: unknown });
  }
  if (/ is over; now it is /u.test(line)) return _("This time is over. Choose a later one.");
  if (/^A message can wait for a year/u.test(line)) return _("A message can wait for a year at most.");
  if (/^The text is too long/u.test(line)) return _("The text is too long for one message.");
  if (/^There is no message /u.test(line)) return _("This message does not wait any longer.");
  if (/^Log in /u.test(line)) return needsLogin();
  if (/^(?:Not scheduled: Cannot send|There is no channel)/u.test(line)) {
    return _("You cannot write there now, so nothing is sent later.");
  }
  if (/^I do not know |^There are no accounts/u.test(line)) {
    return _("This server does not send messages later.");
  }
  return line || _("The server did not do it.");
}
