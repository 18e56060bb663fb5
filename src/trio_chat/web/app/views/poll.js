/** A poll in the timeline: the question, and a button with the votes for each option. */

import { h } from "../../vendor/preact.js";
import { cast, fittingResult, pollOf } from "../model/polls.js";
import { _, plural } from "../platform/i18n.js";
import { optionOf } from "../irc/polls.js";
import { plain, plainName } from "../text/formatting.js";
import { lineNodes } from "../text/nodes.js";

/** @import { ComponentChildren, FunctionComponent } from "../../vendor/preact.js" */
/** @import { Buffer, Entry, Workspace } from "../model/types.js" */
/** @import { ShownPoll } from "../model/polls.js" */
/** @import { RowContext } from "./row.js" */

/**
 * @typedef {object} PollProps
 * @property {Entry} entry
 * @property {RowContext} context
 * @property {ComponentChildren} plainBody What is shown if it is no poll.
 * @property {FunctionComponent<any>} Reactions
 */

/** @param {PollProps} props */
export function PollBody({ entry, context, plainBody, Reactions }) {
  const shown = pollOf(context.buffer, entry, context.nick);
  if (!shown) return [plainBody, entry.reactions?.size ? h(Reactions, { entry, context }) : null];
  const { poll, closed, total } = shown;
  const others = [...(entry.reactions ?? [])].filter(([sign]) => optionOf(poll, sign) < 0);
  return [
    h(
      "div",
      { class: "poll", role: "group", "aria-label": _("Poll: {question}", { question: plain(poll.question) }) },
      h("div", { class: "poll-question", dir: "auto" }, "📊 ", lineNodes(poll.question, context.text)),
      poll.options.map((option, number) => h(Option, { key: number, option, number, shown, context })),
      h(
        "div",
        { class: "poll-state" },
        h(
          "span",
          null,
          closed
            ? _("This poll is closed.")
            : total
              ? plural("{count} has voted", "{count} have voted", total)
              : _("Nobody has voted yet."),
          !closed && poll.takesSeveral ? ` ${_("You can choose several.")}` : "",
        ),
        entry.self && entry.nick === context.nick && !closed && entry.msgid
          ? h("button", { type: "button", class: "link", "data-do": "close-poll" }, _("Close the poll"))
          : null,
      ),
    ),
    others.length
      ? h(Reactions, { entry: { ...entry, reactions: new Map(others) }, context })
      : null,
  ];
}

/** @param {{option: string, number: number, shown: ShownPoll, context: RowContext}} props */
function Option({ option, number, shown, context }) {
  const { poll, counts, voters, closed, total } = shown;
  const count = counts[number] ?? 0;
  const sum = counts.reduce((all, each) => all + each, 0);
  const most = poll.takesSeveral ? Math.max(total, ...counts) : sum;
  const nicks = (voters[number] ?? []).map(plainName).join(", ");
  return h(
    "button",
    {
      type: "button",
      class: "poll-option",
      "data-vote": String(number),
      "aria-pressed": (voters[number] ?? []).includes(context.nick),
      title: nicks,
      disabled: closed || !context.canReact || !shown.entry.msgid,
    },
    h("span", { class: "poll-name", dir: "auto" }, plain(option)),
    " ",
    h("span", { class: "count" }, plural("{count} vote", "{count} votes", count)),
    nicks && !closed ? h("span", { class: "sr-only" }, ` (${nicks})`) : null,
    h("progress", { max: Math.max(most, 1), value: count, "aria-hidden": true }),
  );
}

/**
 * Choose an option of a poll that was clicked, or take that back.
 * @param {{workspace: Workspace, buffer: Buffer}} timeline
 * @param {Entry} entry
 * @param {number} number
 */
export function vote({ workspace, buffer }, entry, number) {
  const shown = pollOf(buffer, entry, workspace.me.nick.value);
  if (shown && !shown.closed) cast(workspace.actions, buffer, shown, number);
}

/**
 * End a poll by an answer with its counts.
 * @param {{workspace: Workspace, buffer: Buffer}} timeline
 * @param {Entry} entry
 */
export function closePoll({ workspace, buffer }, entry) {
  const shown = pollOf(buffer, entry, workspace.me.nick.value);
  if (!shown || shown.closed) return;
  const text = fittingResult(shown, workspace.features.value.limits);
  if (text) workspace.actions.send(buffer, text, { replyTo: entry.msgid });
  else
    workspace.actions.notify(
      _("The poll is too long for one message of this server; make it shorter."),
      true,
    );
}
