/** Commands for polls: /poll asks, /vote answers. */
import { typedPoll } from "../../irc/polls.js";
import { cast, fittingPoll, fittingResult, pollsOf } from "../../model/polls.js";
import { N_, _ } from "../../platform/i18n.js";
import { plain } from "../../text/formatting.js";
import { command, notInChannel, usageOf } from "./registry.js";
import { pollProblem } from "../../text/poll_problems.js";

/** @import { ShownPoll } from "../../model/polls.js" */
/** @import { Context } from "./registry.js" */

/** A nickname before a poll. A question may begin with a name, too, which has a sign behind it. */
const TO_PERSON = /^@([^\s@#&,:;.!?"]+)\s+(.*)$/su;

command(
  "poll",
  N_('[@nickname] [-m] "question" option | option …, or close'),
  N_(
    "asks a question that others answer by /vote; @nickname: in private; -m: several answers; close: ends your poll",
  ),
  [1, 1],
  ["@nick", ""],
  (context, [typed = ""]) => {
    const { client, tell } = context;
    const [, person = "", text = typed] = TO_PERSON.exec(typed) ?? [];
    const buffer = person ? client.privates.open(person) : context.buffer;
    if (buffer.kind === "server") notInChannel(context);
    else if (text.toLowerCase() === "close") close({ ...context, buffer });
    else if (canReact(context)) {
      const poll = typedPoll(text);
      if ("problem" in poll) {
        tell(`${pollProblem(poll)}\n${usageOf("poll")}`, true);
        return;
      }
      const line = fittingPoll(poll, client.model.features.value.limits);
      if (line) {
        if (person) context.actions.open(buffer);
        client.outgoing.send(buffer, line, "message", "");
      } else tell(_("The poll is too long for one message of this server; make it shorter."), true);
    }
  },
);

command(
  "vote",
  N_("[@nickname] [number …]"),
  N_("chooses an option of the last poll; again: takes that back; alone: shows the counts"),
  [0, 1],
  ["@nick", ""],
  (context, [text = ""]) => {
    const words = text.split(/[\s,]+/u).filter(Boolean);
    const author = words[0]?.startsWith("@") ? (words.shift() ?? "").slice(1) : "";
    const { model } = context.client;
    const all = [...pollsOf(context.buffer, model.me.nick.value)].filter(
      ({ entry }) => !author || model.same(entry.nick, author),
    );
    // Without a name it is the last one even if that is closed: the user means what is to be seen.
    const shown = all.find(({ closed }) => !author || !closed) ?? all[0];
    if (!shown) context.tell(_("There is no poll here."), true);
    else if (!words.every((word) => /^\d{1,4}$/u.test(word))) context.tell(usageOf("vote"), true);
    else if (!words.length) context.tell(standing(shown));
    else if (canReact(context)) vote(context, shown, words.map(Number));
  },
);

/**
 * @param {Context} context
 * @param {ShownPoll} shown
 * @param {number[]} numbers From 1.
 */
function vote({ actions, buffer, tell }, shown, numbers) {
  const count = shown.poll.options.length;
  if (shown.closed) tell(_("This poll is closed: {poll}", { poll: standing(shown) }), true);
  else if (!numbers.every((number) => number >= 1 && number <= count))
    tell(_("This poll has the options 1 to {count}.", { count }), true);
  else if (numbers.length > 1 && !shown.poll.takesSeveral)
    tell(_("In this poll you choose one option."), true);
  else for (const number of new Set(numbers)) cast(actions, buffer, shown, number - 1);
}

/** @param {Context} context */
function close({ client, actions, buffer, tell }) {
  if (!canReact({ client, tell })) return;
  const me = client.model.me.nick.value;
  // Of another nickname, no client would take the result for that of the author.
  const mine = [...pollsOf(buffer, me)].filter(({ entry }) => entry.self && entry.nick === me);
  const shown = mine.find(({ closed }) => !closed);
  if (!shown) {
    tell(mine.length ? _("Your poll is closed.") : _("There is no poll of yours here."), true);
    return;
  }
  const text = fittingResult(shown, client.model.features.value.limits);
  if (text) actions.send(buffer, text, { replyTo: shown.entry.msgid });
  else tell(_("The poll is too long for one message of this server; make it shorter."), true);
}

/** @param {Pick<Context, "client"|"tell">} context */
function canReact({ client, tell }) {
  const can = client.model.features.value.reactions;
  if (!can) tell(_("This server passes no reactions on, so nobody can vote."), true);
  return can;
}

/** @param {ShownPoll} shown */
function standing({ poll, counts }) {
  const counted = poll.options.map((option, number) => `${plain(option)} – ${counts[number]}`);
  return `${plain(poll.question)} · ${counted.join(", ")}`;
}
