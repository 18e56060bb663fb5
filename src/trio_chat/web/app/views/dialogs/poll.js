/** The form of a new poll. */

import { h } from "../../../vendor/preact.js";
import { useId, useState } from "../../../vendor/hooks.js";
import { SIGNS, checked } from "../../irc/polls.js";
import { fittingPoll } from "../../model/polls.js";
import { _ } from "../../platform/i18n.js";
import { plainName } from "../../text/formatting.js";
import { pollProblem } from "../../text/poll_problems.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { closeAll, closeDialog } from "../ui.js";

/** @import { Buffer } from "../../model/types.js" */

/** @param {{buffer: Buffer}} props */
export function PollForm({ buffer }) {
  const { actions, features } = useWorkspace();
  const id = useId();
  const [question, setQuestion] = useState("");
  const [options, setOptions] = useState(["", ""]);
  const [several, setSeveral] = useState(false);
  const [problem, setProblem] = useState("");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const poll = checked(question, options, several);
    if ("problem" in poll) {
      setProblem(
        poll.problem === "few options" ? _("A poll needs at least two options.") : pollProblem(poll),
      );
      return;
    }
    const text = fittingPoll(poll, features.value.limits);
    if (!text) {
      setProblem(_("The poll is too long for one message of this server; make it shorter."));
      return;
    }
    actions.send(buffer, text);
    closeAll();
  };
  const change = (/** @type {number} */ number, /** @type {string} */ text) => {
    const changed = options.map((each, place) => (place === number ? text : each));
    // There is always an empty field for another option.
    const isFull = changed.every((each) => each.trim()) && changed.length < SIGNS.length;
    setProblem("");
    setOptions(isFull ? [...changed, ""] : changed);
  };
  return h(
    Dialog,
    { title: _("Poll in {name}", { name: plainName(buffer.name) }), class: "poll-dialog" },
    h(
      "form",
      { onSubmit: submit },
      h("label", { htmlFor: `${id}-question` }, _("Question")),
      h("input", {
        id: `${id}-question`,
        type: "text",
        value: question,
        maxLength: 300,
        autocomplete: "off",
        "data-autofocus": "",
        "aria-describedby": problem ? `${id}-problem` : undefined,
        onInput: (/** @type {InputEvent} */ event) => {
          setQuestion(/** @type {HTMLInputElement} */ (event.currentTarget).value);
          setProblem("");
        },
      }),
      options.map((text, number) => {
        const name = _("Option {number}", { number: number + 1 });
        return h("input", {
          key: number,
          type: "text",
          value: text,
          maxLength: 100,
          autocomplete: "off",
          "aria-label": name,
          placeholder: name,
          onInput: (/** @type {InputEvent} */ event) =>
            change(number, /** @type {HTMLInputElement} */ (event.currentTarget).value),
        });
      }),
      h(
        "label",
        { class: "poll-several" },
        h("input", {
          type: "checkbox",
          checked: several,
          onChange: (/** @type {Event} */ event) =>
            setSeveral(/** @type {HTMLInputElement} */ (event.currentTarget).checked),
        }),
        _("Everybody may choose several options"),
      ),
      h("p", { class: "problem", id: `${id}-problem`, role: "alert" }, problem),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onClick: closeDialog }, _("Cancel")),
        h("button", { type: "submit", class: "primary" }, _("Ask")),
      ),
    ),
  );
}
