/** Commands about messages that are sent later: the server sends them, also without this page. */
import { splitTime } from "../../model/schedule_times.js";
import { shortTime } from "../../platform/dates.js";
import { N_, _ } from "../../platform/i18n.js";
import { command, usageOf } from "./registry.js";

/** @import { Context } from "./registry.js" */

command(
  "at",
  N_("[time [#channel or @nickname] text, or cancel number, or move number time]"),
  N_(
    "sends a message later: /at 17:00 text, also tomorrow 9:00, 2030-01-31 9:00 or 20m; alone it shows those that wait",
  ),
  [0, 1],
  ["", "@nick", ""],
  (context, [text = ""]) => run(context, at(context, text)),
);

command(
  "remind",
  N_("time text"),
  N_("reminds you of something: /remind 20m tea, also 17:00, tomorrow 9:00 or 2030-01-31 9:00"),
  [1, 1],
  [""],
  (context, [text = ""]) => run(context, remind(context, text)),
);

/**
 * @param {Context} context
 * @param {Promise<string>} done
 */
function run({ tell }, done) {
  done.then(
    (text) => tell(text),
    (error) => tell(error.message, true),
  );
}

/**
 * @param {string} name
 * @param {boolean} isTimeWrong
 */
function usage(name, isTimeWrong) {
  const text = usageOf(name);
  const times = _("A time is 20m, 2h30m, 17:00, today 17:00, tomorrow 9:00 or 2030-01-31 9:00.");
  return new Error(isTimeWrong ? `${text} · ${times}` : text);
}

/**
 * @param {Context} context
 * @param {string} text
 * @returns {Promise<string>}
 */
async function at(context, text) {
  const schedule = await context.actions.schedule();
  const [, verb = "", rest = ""] = /^(\S*)\s*(.*)$/su.exec(text) ?? [];
  if (!text) return listed(await schedule.list());
  if (verb.toLowerCase() === "cancel") {
    if (!/^#?\d+$/u.test(rest)) throw usage("at", false);
    await schedule.cancel(rest.replace("#", ""));
    return _("Message {number} is cancelled.", { number: rest });
  }
  if (verb.toLowerCase() === "move") {
    const [, number = "", when = ""] = /^#?(\d+) +(.*)$/su.exec(rest) ?? [];
    const moved = splitTime(when.trim(), new Date());
    if (!moved || moved[1].trim()) throw usage("at", true);
    await schedule.move(number, moved[0]);
    return listed(await schedule.list());
  }
  const found = splitTime(text, new Date());
  const [target, message] = found ? place(context, found[1]) : ["", ""];
  if (!found || !message) throw usage("at", !found);
  if (!target) throw new Error(_("You are not in a channel."));
  const { number, note } = await schedule.at(found[0], target, message);
  const done = _("{number}: this will be sent to {target}. /at shows what waits, /at cancel {number} cancels it.", {
    number,
    target,
  });
  return `${done} ${note}`.trim();
}

/**
 * @param {Context} context
 * @param {string} text
 */
async function remind({ actions }, text) {
  const found = splitTime(text, new Date());
  if (!found?.[1].trim()) throw usage("remind", !found);
  const { number } = await (await actions.schedule()).remind(found[0], found[1].trim());
  return _("{number}: you will be reminded. /at shows what waits, /at cancel {number} cancels it.", { number });
}

/**
 * Return the target that a text begins with, or the current one, and the text behind it.
 * @param {Context} context
 * @param {string} text
 * @returns {[string, string]}
 */
function place({ client, buffer }, text) {
  const [, first = "", rest = ""] = /^(\S+)\s*(.*)$/su.exec(text.trim()) ?? [];
  if (client.model.isupport.isChannel(first)) return [first, rest];
  if (/^@./u.test(first)) return [first.slice(1), rest];
  return [buffer.kind === "server" ? "" : buffer.name, text.trim()];
}

/** @param {import("../../model/types.js").ScheduleList} list */
function listed({ messages, most }) {
  const lines = messages.map(({ number, time, target, text }) => {
    const to = target || _("reminder");
    return `${number}. ${shortTime(time)}, ${to}: ${text}`;
  });
  const total = _("{count} of at most {most} messages wait to be sent.", { count: messages.length, most });
  return [...lines, total].join("\n");
}
