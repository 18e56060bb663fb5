/** The first visit: one field for the nickname and one button; a password only when asked for. */

import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { useWorkspace } from "./context.js";
import { Logo } from "./logo.js";

/** @import { Connection, Workspace } from "../model/types.js" */

export function Welcome() {
  const workspace = useWorkspace();
  const connection = workspace.connection.value;
  const busy = connection.phase === "connecting" || connection.phase === "registering";
  const channels = workspace.wanted.value.length
    ? workspace.wanted.value
    : [workspace.lobby.value].filter(Boolean);
  return h(
    "main",
    { class: "welcome" },
    h(
      "form",
      {
        class: "welcome-card",
        onSubmit: (/** @type {SubmitEvent} */ event) => submit(event, workspace),
        noValidate: true,
      },
      h(Logo, null),
      h("h1", null, workspace.features.value.network || location.hostname),
      h(
        "p",
        { class: "quiet" },
        channels.length
          ? _("Choose a nickname to join {channel}.", {
              channel: channels.map(plainName).join(", "),
            })
          : _("Choose a nickname to join."),
      ),
      h(Fields, { workspace, connection }),
      h(
        "button",
        { type: "submit", class: "primary wide", "aria-busy": busy, disabled: busy },
        busy ? _("Joining…") : _("Join"),
      ),
      h(LoginOption, { workspace, connection }),
      window.isSecureContext
        ? null
        : h(
            "p",
            { class: "fine" },
            _(
              "This connection is not encrypted. People on the way, such as those of the same Wi-Fi, can read along.",
            ),
          ),
    ),
  );
}

/** @param {{workspace: Workspace, connection: Connection}} props */
function Fields({ workspace, connection }) {
  const field = useRef(/** @type {HTMLInputElement|null} */ (null));
  const remembered = workspace.remembered.value;
  const failed = connection.phase === "closed" || connection.phase === "waiting";
  const atNick = failed && (connection.problem === "nick" || connection.problem === "");
  useEffect(() => {
    field.current?.focus();
    if (failed && connection.problem === "nick") field.current?.select();
  }, [failed]);
  return h(
    "div",
    { class: "field" },
    h("label", { for: "nick" }, _("Nickname")),
    h("input", {
      ref: field,
      id: "nick",
      name: "nick",
      defaultValue: workspace.me.nick.value || remembered?.nick || "",
      required: true,
      maxLength: workspace.features.value.limits.nick || 32,
      autocomplete: "username",
      autocapitalize: "off",
      autocorrect: "off",
      spellcheck: false,
      enterkeyhint: "go",
      "aria-invalid": atNick,
      "aria-describedby": "welcome-problem",
      onInput: clearProblem,
    }),
    h(
      "p",
      { id: "welcome-problem", class: "problem", role: "alert" },
      failed ? connection.reason : null,
      connection.phase === "waiting"
        ? h(
            "button",
            { type: "button", class: "link", onClick: workspace.actions.retry },
            _("Try again now"),
          )
        : null,
    ),
  );
}

/** @param {Event} event */
function clearProblem(event) {
  const field = /** @type {HTMLInputElement} */ (event.currentTarget);
  field.removeAttribute("aria-invalid");
  field.setCustomValidity("");
}

/** @param {{workspace: Workspace, connection: Connection}} props */
function LoginOption({ workspace, connection }) {
  const wanted = ["account", "login", "password"].includes(connection.problem);
  const [open, setOpen] = useState(false);
  if (!open && !wanted) {
    return h(
      "button",
      { type: "button", class: "link quiet-link", onClick: () => setOpen(true) },
      _("I have an account or a password"),
    );
  }
  return h(
    "div",
    { class: "login-fields" },
    passwordField(
      "password",
      _("Password of your account"),
      "current-password",
      connection.problem === "login" || connection.problem === "account",
    ),
    passwordField(
      "server-password",
      _("Password of the server, if it has one"),
      "off",
      connection.problem === "password",
    ),
    h(
      "label",
      { class: "check" },
      h("input", {
        type: "checkbox",
        name: "remember",
        defaultChecked: workspace.settings.value.remember,
      }),
      h("span", null, _("Stay logged in on this device")),
    ),
  );
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} autocomplete
 * @param {boolean} invalid
 */
function passwordField(name, label, autocomplete, invalid) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: name }, label),
    h("input", { id: name, name, type: "password", autocomplete, "aria-invalid": invalid }),
  );
}

/**
 * @param {SubmitEvent} event
 * @param {Workspace} workspace
 */
function submit(event, workspace) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  const values = new FormData(form);
  const text = (/** @type {string} */ name) => String(values.get(name) ?? "");
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("nick"));
  const nick = text("nick").trim();
  if (!nick) {
    field.setAttribute("aria-invalid", "true");
    field.focus();
    return;
  }
  workspace.actions.connect({
    nick,
    ...(text("password") && { account: nick, password: text("password") }),
    ...(text("server-password") && { serverPassword: text("server-password") }),
    ...(values.has("remember") && { remember: true }),
    channels: workspace.wanted.value,
  });
}
