/** A message that is sent later, a reminder of a message, and what waits to be sent. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useId, useRef, useState } from "../../../vendor/hooks.js";
import { localTime } from "../../model/schedule_times.js";
import { clockTime, dayName, shortTime } from "../../platform/dates.js";
import { _ } from "../../platform/i18n.js";
import { plain, plainName } from "../../text/formatting.js";
import { useWorkspace, viewSettings } from "../context.js";
import { Dialog } from "../dialog.js";
import { excerpt } from "../row.js";
import { closeAll, closeDialog, openDialog } from "../ui.js";

/** @import { Buffer, Entry, ScheduleList, ScheduledMessage } from "../../model/types.js" */
/** @typedef {import("../../platform/dates.js").Clock} Clock */

const MINUTE = 60_000;
const YEAR = 366 * 86_400_000;
/** Characters of a message that one is reminded of. */
const MOST_QUOTED = 150;

/**
 * @param {{buffer?: Buffer|null, text?: string, entry?: Entry|null}} props Without a conversation, or
 *   with a message of it, the form is for a reminder.
 */
export function Later({ buffer = null, text = "", entry = null }) {
  const workspace = useWorkspace();
  const [moved, setMoved] = useState(/** @type {ScheduledMessage|null} */ (null));
  const [list, load] = useList();
  const target = buffer && !entry ? buffer : null;
  const title = moved
    ? _("Change the time")
    : target
      ? _("Send later")
      : entry
        ? _("Remind me")
        : _("Scheduled messages");
  if (!workspace.me.account.value) return h(LogInFirst, { title });
  return h(
    Dialog,
    { title, class: "later-dialog" },
    moved
      ? h(Form, {
          key: moved.number,
          before: moved,
          button: _("Change the time"),
          text: null,
          label: "",
          submit: async (time) => {
            await (await workspace.actions.schedule()).move(moved.number, time);
            setMoved(null);
            load();
          },
          back: () => setMoved(null),
        })
      : h(Form, {
          key: "new",
          before: null,
          button: target ? _("Schedule") : _("Remind me"),
          text: entry ? quoted(entry, buffer) : text,
          label: target
            ? _("Message to {name}", { name: plainName(target.name) })
            : _("What to remind you of"),
          submit: (time, said) => send(workspace, target, time, said, text),
          back: closeDialog,
        }),
    moved ? null : h(Waiting, { list, load, move: setMoved }),
  );
}

/** @param {{title: string}} props */
function LogInFirst({ title }) {
  return h(
    Dialog,
    { title, class: "small-dialog" },
    h(
      "p",
      null,
      _("The server keeps messages that are sent later, and reminders, for accounts. Log in, or register your nickname; what you have typed stays in the prompt."),
    ),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onClick: closeDialog }, _("Cancel")),
      h(
        "button",
        {
          type: "button",
          class: "primary",
          "data-autofocus": "",
          onClick: () => {
            closeAll();
            openDialog("account");
          },
        },
        _("Account"),
      ),
    ),
  );
}

/**
 * @param {import("../../model/types.js").Workspace} workspace
 * @param {Buffer|null} target
 * @param {Date} time
 * @param {string} text
 * @param {string} draft What the prompt had.
 */
async function send({ actions }, target, time, text, draft) {
  const schedule = await actions.schedule();
  const { note } = target
    ? await schedule.at(time, target.name, text)
    : await schedule.remind(time, text);
  if (target && draft && target.draft.peek() === draft) target.draft.value = "";
  closeDialog();
  const when = shortTime(time.getTime());
  const done = target
    ? _("It will be sent to {name}: {time}.", { name: plainName(target.name), time: when })
    : _("You will be reminded: {time}.", { time: when });
  actions.notify(`${done} ${note}`.trim());
}

/**
 * Return what a reminder of a message says.
 * @param {Entry} entry
 * @param {Buffer|null} buffer
 */
function quoted(entry, buffer) {
  const all = [...excerpt(entry)];
  const text = all.length > MOST_QUOTED ? `${all.slice(0, MOST_QUOTED).join("")}…` : all.join("");
  const nick = plainName(entry.nick);
  if (buffer?.kind !== "channel") return nick ? `${nick}: ${text}` : text;
  return `${plainName(buffer.name)} ${nick}: ${text}`;
}

/**
 * @param {{before: ScheduledMessage|null, button: string, text: string|null, label: string,
 *   submit: (time: Date, text: string) => Promise<void>, back: () => void}} props `before`: the message
 *   whose time is changed.
 */
function Form({ before, button, text, label, submit, back }) {
  const { settings } = useWorkspace();
  const { clock } = viewSettings(settings.value);
  const id = useId();
  const [value, setValue] = useState(before ? localTime(new Date(before.time)) : "");
  const [said, setSaid] = useState((text ?? "").trim());
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const now = Date.now();
  // What a field of local time does not show, such as seconds, stays as it is until it is changed.
  const kept = before && value === localTime(new Date(before.time)) ? new Date(before.time) : null;
  const time = kept ?? (value ? new Date(value) : null);
  const choose = (/** @type {string} */ chosen) => {
    setValue(chosen);
    setProblem("");
  };
  const finish = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const why = whyNot(time, before ? "x" : said);
    setProblem(why);
    if (why || !time || busy) return;
    setBusy(true);
    try {
      await submit(time, said.trim());
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return h(
    "form",
    { onSubmit: finish, noValidate: true },
    before
      ? h("p", { class: "menu-excerpt", dir: "auto" }, plain(before.text))
      : h(
          "div",
          { class: "field" },
          h("label", { for: `${id}-text` }, label),
          h("textarea", {
            id: `${id}-text`,
            rows: 2,
            dir: "auto",
            value: said,
            "data-autofocus": said ? undefined : "",
            onInput: (/** @type {InputEvent} */ event) =>
              setSaid(/** @type {HTMLTextAreaElement} */ (event.currentTarget).value),
          }),
        ),
    h(
      "div",
      { class: "later-presets", role: "group", "aria-label": _("Suggestions") },
      presets(new Date(now), clock).map(([name, moment]) =>
        h(
          "button",
          {
            key: name,
            type: "button",
            "aria-pressed": localTime(moment) === value,
            onClick: () => choose(localTime(moment)),
          },
          name,
        ),
      ),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: `${id}-time` }, _("Day and time")),
      h("input", {
        id: `${id}-time`,
        type: "datetime-local",
        value,
        min: localTime(new Date(now)),
        max: localTime(new Date(now + YEAR)),
        required: true,
        "aria-describedby": `${id}-zone`,
        onInput: (/** @type {InputEvent} */ event) =>
          choose(/** @type {HTMLInputElement} */ (event.currentTarget).value),
      }),
      h(
        "p",
        { id: `${id}-zone`, class: "quiet", role: "status" },
        time && !Number.isNaN(time.getTime())
          ? `${dayName(time.getTime())}, ${clockTime(time.getTime(), clock)} (${zone()})`
          : _("In the time zone of this device: {zone}", { zone: zone() }),
      ),
    ),
    h("p", { class: "problem", role: "alert" }, problem),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onClick: back }, _("Cancel")),
      h("button", { type: "submit", class: "primary", disabled: busy }, button),
    ),
  );
}

/**
 * Return why something cannot be sent at a time; "" if it can.
 * @param {Date|null} time
 * @param {string} text
 */
function whyNot(time, text) {
  if (!text.trim()) return _("Write the text first.");
  if (text.trim().includes("\n")) return _("A message that is sent later has one line.");
  if (!time || Number.isNaN(time.getTime())) return _("Choose a day and a time.");
  const left = time.getTime() - Date.now();
  if (left <= 0) return _("This time is over. Choose a later one.");
  return left > YEAR ? _("A message can wait for a year at most.") : "";
}

function zone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Return times that are suggested, with their names.
 * @param {Date} now
 * @param {Clock} clock
 * @returns {[string, Date][]}
 */
export function presets(now, clock) {
  const after = (/** @type {number} */ minutes) =>
    new Date(Math.ceil(now.getTime() / MINUTE + minutes) * MINUTE);
  const on = (/** @type {number} */ days, /** @type {number} */ hour) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const at = (/** @type {Date} */ moment) => clockTime(moment.getTime(), clock);
  const evening = on(0, 18);
  const morning = on(1, 9);
  const monday = on(((8 - now.getDay()) % 7) || 7, 9);
  /** @type {[string, Date][]} */
  const found = [
    [_("In 20 minutes"), after(20)],
    [_("In an hour"), after(60)],
  ];
  if (evening.getTime() - now.getTime() > 60 * MINUTE) {
    found.push([_("This evening, {time}", { time: at(evening) }), evening]);
  }
  found.push([_("Tomorrow, {time}", { time: at(morning) }), morning]);
  if (monday.getDate() !== morning.getDate()) {
    found.push([_("Monday, {time}", { time: at(monday) }), monday]);
  }
  return found;
}

/**
 * @typedef {object} Loaded
 * @property {ScheduleList|null} found
 * @property {string} problem
 */

/** @returns {[Loaded, () => void]} What waits, and what fetches it again. */
function useList() {
  const { actions, me } = useWorkspace();
  const account = me.account.value;
  const [list, setList] = useState(/** @type {Loaded} */ ({ found: null, problem: "" }));
  const load = () => {
    if (!account) return;
    actions
      .schedule()
      .then((schedule) => schedule.list())
      .then(
        (found) => setList({ found, problem: "" }),
        (/** @type {Error} */ error) => setList({ found: null, problem: error.message }),
      );
  };
  useEffect(load, [account]);
  return [list, load];
}

/**
 * @param {{list: Loaded, load: () => void, move: (message: ScheduledMessage) => void}} props
 */
function Waiting({ list: { found, problem }, load, move }) {
  const { actions, settings } = useWorkspace();
  const { clock } = viewSettings(settings.value);
  const status = useRef(/** @type {HTMLParagraphElement|null} */ (null));
  const cancel = async (/** @type {ScheduledMessage} */ message) => {
    try {
      await (await actions.schedule()).cancel(message.number);
    } catch (error) {
      actions.notify(error instanceof Error ? error.message : String(error), true);
    }
    status.current?.focus(); // the button that had the focus is gone
    load();
  };
  return h(
    "section",
    null,
    h("h3", null, _("Waiting to be sent")),
    h(
      "ul",
      { class: "sessions" },
      found?.messages.map((message) => {
        const to = message.target ? plainName(message.target) : _("reminder");
        const what = `${shortTime(message.time, clock)}, ${to}`;
        return h(
          "li",
          { key: message.number },
          h("span", { dir: "auto" }, h("b", null, what), " ", plain(message.text)),
          h(
            "span",
            { class: "later-changes" },
            h(
              "button",
              {
                type: "button",
                class: "link",
                "aria-label": _("Change the time: {what}", { what }),
                onClick: () => move(message),
              },
              _("Change"),
            ),
            h(
              "button",
              {
                type: "button",
                class: "link danger",
                "aria-label": _("Cancel: {what}", { what }),
                onClick: () => void cancel(message),
              },
              _("Cancel"),
            ),
          ),
        );
      }),
    ),
    h(
      "p",
      { ref: status, class: "quiet", role: "status", tabIndex: -1 },
      problem ||
        (found
          ? _("{count} of at most {most} messages wait to be sent.", {
              count: found.messages.length,
              most: found.most,
            })
          : _("Loading…")),
    ),
  );
}
