/** Settings of this device. Each takes effect at once. */

import { h } from "../../../vendor/preact.js";
import { useState } from "../../../vendor/hooks.js";
import { LANGUAGES, _ } from "../../platform/i18n.js";
import { install, installPrompt } from "../../platform/install.js";
import { askPermission, permission } from "../../platform/notifications.js";
import { setViewSettings, useWorkspace, viewSettings } from "../context.js";
import { Dialog, MenuItem } from "../dialog.js";
import { Downloads } from "../downloads.js";
import { NotifyChoice } from "../notify_choice.js";
import { openDialog } from "../ui.js";

/** @import { Workspace } from "../../model/types.js" */

export function SettingsDialog() {
  const workspace = useWorkspace();
  return h(
    Dialog,
    { title: _("Settings"), class: "settings-dialog" },
    h(Appearance, { workspace }),
    h(Notifications, { workspace }),
    h(Conversations, { workspace }),
    h(Device, { workspace }),
    h(MenuItem, { icon: "help", label: _("Keys"), onClick: () => openDialog("keys") }),
  );
}

/** @param {{workspace: Workspace}} props */
function Appearance({ workspace }) {
  const settings = workspace.settings.value;
  const view = viewSettings(settings);
  const { setSettings } = workspace.actions;
  return h(
    "section",
    null,
    h("h3", null, _("Appearance")),
    choice(
      "theme",
      _("Theme"),
      settings.theme,
      [
        ["system", _("as the system")],
        ["light", _("light")],
        ["dark", _("dark")],
      ],
      (theme) => setSettings({ theme: /** @type {any} */ (theme) }),
    ),
    choice(
      "language",
      _("Language"),
      settings.language,
      [["", _("as the browser")], ...Object.entries(LANGUAGES)],
      (language) => setSettings({ language }),
    ),
    choice(
      "text-size",
      _("Text size"),
      view.textSize,
      [
        ["small", _("small")],
        ["normal", _("normal")],
        ["large", _("large")],
        ["huge", _("very large")],
      ],
      (textSize) => setViewSettings(workspace, { textSize: /** @type {any} */ (textSize) }),
    ),
    choice(
      "clock",
      _("Time"),
      view.clock,
      [
        ["", _("as the browser")],
        ["24", _("24 hours")],
        ["12", _("12 hours")],
      ],
      (clock) => setViewSettings(workspace, { clock: /** @type {any} */ (clock) }),
    ),
    choice(
      "events",
      _("Joins and parts"),
      view.events,
      [
        ["folded", _("folded")],
        ["all", _("one line each")],
        ["none", _("hidden")],
      ],
      (events) => {
        setSettings({ showEvents: events !== "none", more: { ...settings.more, events } });
      },
    ),
    check(
      _("Keep messages in place for a screen reader"),
      view.steady,
      (steady) => setViewSettings(workspace, { steady }),
      _("Messages stay in the page, and earlier ones are loaded by a button."),
    ),
  );
}

/** @param {{workspace: Workspace}} props */
function Notifications({ workspace }) {
  const settings = workspace.settings.value;
  const { actions, features } = workspace;
  const [state, setState] = useState(permission());
  const toggle = async (/** @type {boolean} */ wanted) => {
    const granted = wanted && (await askPermission());
    setState(permission());
    actions.setSettings({ notifications: granted });
    if (!features.value.vapid || !workspace.me.account.value) return;
    try {
      await (granted ? actions.pushSubscribe() : actions.pushUnsubscribe());
    } catch (error) {
      actions.notify(error instanceof Error ? error.message : String(error), true);
    }
  };
  /** @type {Record<string, string>} */
  const hints = {
    insecure: _(
      "Browsers allow notifications only on an encrypted connection (https) or on this machine itself.",
    ),
    denied: _(
      "The browser blocks notifications of this page. Allow them in its settings for this site.",
    ),
    unsupported: _(
      "This browser has no notifications. On an iPhone, add the page to the home screen first.",
    ),
  };
  const possible = state === "granted" || state === "default";
  return h(
    "section",
    null,
    h("h3", null, _("Notifications")),
    check(
      _("Show notifications"),
      settings.notifications && state === "granted",
      (wanted) => void toggle(wanted),
      hints[state] ?? reach(workspace),
      !possible,
    ),
    state === "insecure" &&
      h("p", null, h("a", { href: "/ca" }, _("How to open this page by https on this device"))),
    h(NotifyChoice, { buffer: null }),
    check(_("Play a sound"), settings.sound, (sound) => actions.setSettings({ sound })),
    h(
      "div",
      { class: "field" },
      h(
        "label",
        { for: "highlights" },
        _("Words that count as a mention, with commas between them"),
      ),
      h("input", {
        id: "highlights",
        defaultValue: settings.highlights.join(", "),
        onChange: (/** @type {Event} */ event) =>
          actions.setSettings({
            highlights: words(/** @type {HTMLInputElement} */ (event.currentTarget).value),
          }),
      }),
    ),
  );
}

/**
 * Return when notifications reach this device.
 * @param {Workspace} workspace
 */
function reach(workspace) {
  if (!workspace.features.value.vapid) return _("While the page is open.");
  if (workspace.me.account.value) return _("Also when the page is closed.");
  return _(
    "While the page is open. For those when it is closed, log in to an account, or register one: the server sends them to accounts, not to guests.",
  );
}

/** @param {string} text */
function words(text) {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

/** @param {{workspace: Workspace}} props */
function Conversations({ workspace }) {
  const settings = workspace.settings.value;
  const ignored = workspace.ignored.value;
  return h(
    "section",
    null,
    h("h3", null, _("Conversations")),
    check(_("Let others see when I am typing"), settings.sendTyping, (sendTyping) =>
      workspace.actions.setSettings({ sendTyping }),
    ),
    ignored.length
      ? [
          h("h4", null, _("Ignored")),
          h(
            "ul",
            { class: "bans" },
            ignored.map((mask) =>
              h(
                "li",
                { key: mask },
                h("bdi", null, mask),
                h(
                  "button",
                  {
                    type: "button",
                    class: "link",
                    onClick: () => workspace.actions.ignore(mask, false),
                  },
                  _("Stop ignoring"),
                ),
              ),
            ),
          ),
        ]
      : null,
  );
}

/** @param {{workspace: Workspace}} props */
function Device({ workspace }) {
  return h(
    "section",
    null,
    h("h3", null, _("This device")),
    installPrompt.value
      ? h(MenuItem, { icon: "device", label: _("Install the chat as an app"), onClick: install })
      : null,
    check(
      _("Keep the login and the last messages on this device"),
      workspace.settings.value.remember,
      (remember) => workspace.actions.setSettings({ remember }),
      _("Leave this off on a device that others use."),
    ),
    h(
      "button",
      { type: "button", class: "danger", onClick: () => forget(workspace) },
      _("Remove everything that this device keeps"),
    ),
    h(Downloads, null),
  );
}

/** @param {Workspace} workspace */
function forget({ actions }) {
  actions.forget();
  actions.notify(_("This device keeps nothing of the chat now."));
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} value
 * @param {[string, string][]} choices
 * @param {(value: string) => void} onChange
 */
function choice(id, label, value, choices, onChange) {
  return h(
    "div",
    { class: "field inline" },
    h("label", { for: `setting-${id}` }, label),
    h(
      "select",
      {
        id: `setting-${id}`,
        onChange: (/** @type {Event} */ event) =>
          onChange(/** @type {HTMLSelectElement} */ (event.currentTarget).value),
      },
      choices.map(([each, text]) =>
        h("option", { key: each, value: each, selected: each === value }, text),
      ),
    ),
  );
}

/**
 * @param {string} label
 * @param {boolean} checked
 * @param {(checked: boolean) => void} onChange
 * @param {string} [hint]
 * @param {boolean} [disabled]
 */
function check(label, checked, onChange, hint, disabled = false) {
  return h(
    "label",
    { class: "check" },
    h("input", {
      type: "checkbox",
      checked,
      disabled,
      onChange: (/** @type {Event} */ event) =>
        onChange(/** @type {HTMLInputElement} */ (event.currentTarget).checked),
    }),
    h("span", null, label, hint ? h("span", { class: "hint" }, hint) : null),
  );
}
