/** The first visit: one field for the nickname and one button; a password only when asked for. */

import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { useWorkspace } from "./context.js";
import { Downloads } from "./downloads.js";
import { Logo } from "./logo.js";

/** @import { Connection, Workspace } from "../model/types.js" */

/** Fields that a problem of the connection is about. @type {Record<string, string>} */
const FIELDS = {
  nick: "nick",
  account: "password",
  login: "password",
  code: "code",
  password: "server-password",
};

/** Attributes of a field for a code, which telephones and password managers fill in. */
const CODE = {
  name: "code",
  type: "text",
  autocomplete: "one-time-code",
  autocapitalize: "off",
  spellcheck: false,
};

export function Welcome() {
  const workspace = useWorkspace();
  const connection = workspace.connection.value;
  const { phase, problem } = connection;
  const busy = phase === "connecting" || phase === "registering";
  const failed = phase === "closed" || phase === "waiting";
  const atField = failed ? (FIELDS[problem] ?? "") : "";
  const [hasPasswords, setHasPasswords] = useState(false);
  const [unnamed, setUnnamed] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const [asksCode, setAsksCode] = useState(false);
  useEffect(() => {
    if (problem && problem !== "nick") setHasPasswords(true);
    if (problem === "code") setAsksCode(true);
  }, [problem]);
  useEffect(() => {
    const fields = form.current?.elements;
    const nick = /** @type {HTMLInputElement|null|undefined} */ (fields?.namedItem("nick"));
    const next = atField || (hasPasswords && nick?.value ? "password" : "nick");
    const field = /** @type {HTMLInputElement|null|undefined} */ (fields?.namedItem(next));
    field?.focus();
    if (atField) field?.select();
  }, [atField, failed, hasPasswords, asksCode]);
  return h(
    "main",
    { class: "welcome" },
    h(
      "form",
      {
        ref: form,
        class: "welcome-card",
        onSubmit: (/** @type {SubmitEvent} */ event) => submit(event, workspace, setUnnamed),
        noValidate: true,
      },
      h(Logo, null),
      h("h1", null, workspace.features.value.network || location.hostname),
      h("p", { class: "quiet" }, purpose(workspace)),
      nickField(workspace, unnamed || atField === "nick"),
      hasPasswords ? h(Passwords, { workspace, atField, asksCode }) : null,
      h(Problem, { workspace, connection, unnamed }),
      h(
        "button",
        { type: "submit", class: "primary wide", "aria-busy": busy, disabled: busy },
        busy ? _("Joining…") : _("Join"),
      ),
      h(SignOn, { workspace, form }),
      hasPasswords
        ? null
        : h(
            "button",
            { type: "button", class: "link quiet-link", onClick: () => setHasPasswords(true) },
            _("I have an account or a password"),
          ),
      window.isSecureContext
        ? null
        : h(
            "p",
            { class: "fine" },
            _(
              "This connection is not encrypted. People on the way, such as those of the same Wi-Fi, can read along.",
            ),
          ),
      h(Downloads, null),
    ),
  );
}

/**
 * The way to the single sign-on of the server, if it has one.
 * @param {{workspace: Workspace, form: {current: HTMLFormElement|null}}} props
 */
function SignOn({ workspace, form }) {
  const [problem, setProblem] = useState("");
  if (!workspace.signOn || !window.isSecureContext) return null;
  const go = () => {
    const remember = form.current ? new FormData(form.current).has("remember") : false;
    workspace.actions
      .signOn(remember || workspace.settings.value.remember)
      .catch((/** @type {Error} */ error) => setProblem(error.message));
  };
  return [
    h(
      "button",
      { type: "button", class: "wide", onClick: go },
      _("Log in with {name}", { name: workspace.signOn }),
    ),
    problem ? h("p", { class: "problem", role: "alert" }, problem) : null,
  ];
}

/** @param {Workspace} workspace */
function purpose(workspace) {
  const channels = workspace.wanted.value.length
    ? workspace.wanted.value
    : [workspace.lobby.value].filter(Boolean);
  return channels.length
    ? _("Choose a nickname to join {channel}.", { channel: channels.map(plainName).join(", ") })
    : _("Choose a nickname to join.");
}

/**
 * @param {Workspace} workspace
 * @param {boolean} invalid
 */
function nickField(workspace, invalid) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: "nick" }, _("Nickname")),
    h("input", {
      id: "nick",
      name: "nick",
      defaultValue: workspace.me.nick.value || workspace.remembered.value?.nick || "",
      required: true,
      maxLength: workspace.features.value.limits.nick || 32,
      autocomplete: "username",
      autocapitalize: "off",
      autocorrect: "off",
      spellcheck: false,
      enterkeyhint: "go",
      "aria-invalid": invalid,
      "aria-describedby": "welcome-problem",
      onInput: clearProblem,
    }),
  );
}

/** @param {{workspace: Workspace, connection: Connection, unnamed: boolean}} props */
function Problem({ workspace, connection, unnamed }) {
  const { phase, reason } = connection;
  const failed = phase === "closed" || phase === "waiting";
  return h(
    "p",
    { id: "welcome-problem", class: "problem", role: "alert" },
    unnamed ? _("Type a nickname: the name that others see.") : failed ? reason : null,
    phase === "waiting" && !unnamed
      ? h(
          "button",
          { type: "button", class: "link", onClick: workspace.actions.retry },
          _("Try again now"),
        )
      : null,
  );
}

/** @param {Event} event */
function clearProblem(event) {
  const field = /** @type {HTMLInputElement} */ (event.currentTarget);
  field.removeAttribute("aria-invalid");
}

/** @param {{workspace: Workspace, atField: string, asksCode: boolean}} props */
function Passwords({ workspace, atField, asksCode }) {
  return h(
    "div",
    { class: "login-fields" },
    passwordField(
      "password",
      _("Password of your account"),
      "current-password",
      atField === "password",
    ),
    asksCode
      ? h(
          "div",
          { class: "field" },
          h("label", { for: "code" }, _("Code of your authenticator, or a recovery code")),
          h("input", { ...CODE, id: "code", "aria-describedby": "welcome-problem" }),
        )
      : null,
    // What `hasPasskeys` says, which is loaded later.
    window.isSecureContext && window.PublicKeyCredential
      ? h("button", { type: "submit", name: "passkey" }, _("Log in with a passkey"))
      : null,
    passwordField(
      "server-password",
      _("Password of the server, if it has one"),
      "off",
      atField === "server-password",
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
    h("input", {
      id: name,
      name,
      type: "password",
      autocomplete,
      "aria-invalid": invalid,
      "aria-describedby": "welcome-problem",
      onInput: clearProblem,
    }),
  );
}

/**
 * @param {SubmitEvent} event
 * @param {Workspace} workspace
 * @param {(unnamed: boolean) => void} setUnnamed
 */
function submit(event, workspace, setUnnamed) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  const values = new FormData(form);
  const text = (/** @type {string} */ name) => String(values.get(name) ?? "");
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("nick"));
  const isPasskey = event.submitter?.getAttribute("name") === "passkey";
  // People type first and last names; nicknames have no spaces.
  const nick = text("nick").trim().replace(/\s+/gu, "_");
  setUnnamed(!nick);
  if (!nick) {
    field.focus();
    return;
  }
  field.value = nick;
  const code = text("code").replace(/\s/gu, ""); // authenticators and people write it in groups
  workspace.actions.connect({
    nick,
    ...(text("password") && !isPasskey && { account: nick, password: text("password") }),
    ...(isPasskey && { passkey: true }),
    ...(code && { code }),
    ...(text("server-password") && { serverPassword: text("server-password") }),
    ...(values.has("remember") && { remember: true }),
    channels: workspace.wanted.value,
  });
}
