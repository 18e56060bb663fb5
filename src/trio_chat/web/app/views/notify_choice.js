/** Choice of what the user is notified of: of one conversation, or of all without a choice. */

import { h } from "../../vendor/preact.js";
import { useId } from "../../vendor/hooks.js";
import { shortTime } from "../platform/dates.js";
import { _, plural } from "../platform/i18n.js";
import { levelName } from "../text/level_names.js";
import { useWorkspace, viewSettings } from "./context.js";

/** @import { Buffer, Notify } from "../model/types.js" */

const HOUR = 3600;
const HOURS = [1, 8, 24];

/** @param {{buffer: Buffer|null}} props null for all conversations without a choice. */
export function NotifyChoice({ buffer }) {
  const { actions } = useWorkspace();
  const { level, until } = actions.notifyChoice(buffer);
  const id = useId();
  const all = levelName(actions.notifyChoice(null).level || "mentions");
  /** @type {[Notify|"", string][]} */
  const choices = [
    ["all", levelName("all")],
    ["mentions", levelName("mentions")],
    ["none", levelName("none")],
  ];
  if (buffer) choices.unshift(["", _("default: {level}", { level: all })]);
  const chosen = level || (buffer ? "" : "mentions");
  const change = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.currentTarget);
    actions.setNotify(buffer, /** @type {Notify|""} */ (value));
  };
  return [
    h(
      "div",
      { class: "field inline" },
      h("label", { for: id }, buffer ? _("Notify me of") : _("Notify me of, in all conversations")),
      h(
        "select",
        { id, value: chosen, onChange: change },
        choices.map(([value, text]) =>
          h("option", { key: value, value, selected: value === chosen }, text),
        ),
      ),
    ),
    h(Pause, { buffer, until }),
  ];
}

/** @param {{buffer: Buffer|null, until: number}} props */
function Pause({ buffer, until }) {
  const { actions, settings } = useWorkspace();
  const id = useId();
  if (until) {
    const time = shortTime(until, viewSettings(settings.value).clock);
    return h(
      "p",
      { class: "quiet" },
      _("No notifications until {time}.", { time }),
      " ",
      h(
        "button",
        { type: "button", class: "link", onClick: () => actions.pauseNotify(buffer, 0) },
        _("Notify me again"),
      ),
    );
  }
  const pause = (/** @type {Event} */ event) => {
    const hours = Number(/** @type {HTMLSelectElement} */ (event.currentTarget).value);
    if (hours) actions.pauseNotify(buffer, hours * HOUR);
  };
  return h(
    "div",
    { class: "field inline" },
    h("label", { for: id }, _("Pause notifications")),
    h(
      "select",
      { id, value: "", onChange: pause },
      h("option", { value: "" }, _("no pause")),
      HOURS.map((hours) =>
        h("option", { key: hours, value: hours }, plural("{count} hour", "{count} hours", hours)),
      ),
    ),
  );
}
