/** Sentences for what is no poll. */
import { N_, _ } from "../platform/i18n.js";

/** @import { PollProblem } from "../irc/polls.js" */

/** @type {Record<PollProblem, string>} */
const PROBLEMS = {
  "no question": N_("A poll needs a question."),
  "few options": N_("A poll needs at least two options, with | between them."),
  "many options": N_("A poll has at most ten options."),
  "same options": N_("Two options are the same: {option}"),
  "signs of options": N_("The signs 1️⃣ to 🔟 cannot be in a question or an option."),
};

/** @param {{problem: PollProblem, value: string}} found */
export function pollProblem({ problem, value }) {
  return _(PROBLEMS[problem], { option: value });
}
