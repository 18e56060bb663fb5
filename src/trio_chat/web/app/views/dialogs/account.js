/** The user: nickname, away, and the account with registration and login. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { asNickname } from "../../session/typed_names.js";
import { plainName } from "../../text/formatting.js";
import { useWorkspace } from "../context.js";
import { Dialog, MenuItem } from "../dialog.js";
import { closeAll, openDialog } from "../ui.js";
import { ProfileForm } from "./profile.js";

/** @import { Workspace } from "../../model/types.js" */
/** @typedef {"login"|"register"|"verify"|"password"} Form */

export function Account() {
  const workspace = useWorkspace();
  const account = workspace.me.account.value;
  const { accounts, registration } = workspace.features.value;
  const [form, setForm] = useState(/** @type {Form} */ ("login"));
  const [name, setName] = useState("");
  return h(
    Dialog,
    { title: h("bdi", null, plainName(workspace.me.nick.value)), class: "account-dialog" },
    h(NickForm, { workspace }),
    h(AwayForm, { workspace }),
    workspace.features.value.profiles ? h(ProfileForm, { workspace }) : null,
    account
      ? h(Own, { workspace, account })
      : accounts
        ? h(
            "section",
            null,
            h("h3", null, _("Account")),
            h(
              "p",
              { class: "quiet" },
              _(
                "An account keeps your nickname, your history and what you have read on all your devices.",
              ),
            ),
            registration && form !== "verify"
              ? h(
                  "div",
                  { class: "tabs", role: "group" },
                  tab(_("Log in"), form === "login", () => setForm("login")),
                  tab(_("Register"), form === "register", () => setForm("register")),
                )
              : null,
            h(AccountForm, { key: form, form, setForm, workspace, name, setName }),
          )
        : null,
    h(
      "section",
      null,
      h(MenuItem, {
        icon: "leave",
        label: _("Leave the chat"),
        danger: true,
        onClick: () => leave(workspace),
      }),
    ),
  );
}

/** @param {Workspace} workspace */
function leave(workspace) {
  closeAll();
  workspace.actions.leave();
}

/**
 * @param {string} label
 * @param {boolean} chosen
 * @param {() => void} onClick
 */
function tab(label, chosen, onClick) {
  return h("button", { type: "button", "aria-pressed": chosen, onClick }, label);
}

/** @param {{workspace: Workspace}} props */
function NickForm({ workspace }) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const nick = asNickname(String(form.get("nick")));
    if (nick && nick !== workspace.me.nick.value) workspace.actions.changeNick(nick);
  };
  return h(
    "form",
    { class: "row-form", onSubmit: submit },
    h(
      "div",
      { class: "field" },
      h("label", { for: "own-nick" }, _("Nickname")),
      h("input", {
        id: "own-nick",
        name: "nick",
        defaultValue: workspace.me.nick.value,
        maxLength: workspace.features.value.limits.nick || undefined,
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: false,
      }),
    ),
    h("button", { type: "submit" }, _("Change")),
  );
}

/** @param {{workspace: Workspace}} props */
function AwayForm({ workspace }) {
  const away = workspace.me.away.value;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const text = String(
      new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("away") ?? "",
    ).trim();
    workspace.actions.away(away ? "" : text || _("away"));
  };
  return h(
    "form",
    { class: "row-form", onSubmit: submit },
    away
      ? h("p", null, _("You are away: {text}", { text: plainName(away) }))
      : h(
          "div",
          { class: "field" },
          h("label", { for: "away" }, _("Away message")),
          h("input", {
            id: "away",
            name: "away",
            placeholder: _("back in an hour"),
            maxLength: workspace.features.value.limits.away || undefined,
          }),
        ),
    h("button", { type: "submit" }, away ? _("I am back") : _("I am away")),
  );
}

/** @param {{workspace: Workspace, account: string}} props */
function Own({ workspace, account }) {
  const [changing, setChanging] = useState(false);
  return h(
    "section",
    null,
    h("h3", null, _("Account")),
    h("p", null, _("Logged in as {account}.", { account: plainName(account) })),
    changing
      ? h(PasswordForm, { workspace, onDone: () => setChanging(false) })
      : h(MenuItem, {
          icon: "key",
          label: _("Change the password"),
          onClick: () => setChanging(true),
        }),
    h(MenuItem, {
      icon: "key",
      label: _("Second factor"),
      onClick: () => openDialog("second-factor"),
    }),
    h(AlwaysOn, { workspace }),
    h(MenuItem, {
      icon: "away",
      label: _("Scheduled messages"),
      onClick: () => openDialog("later"),
    }),
    h(MenuItem, { icon: "device", label: _("Devices"), onClick: () => openDialog("devices") }),
    h(MenuItem, {
      icon: "leave",
      label: _("Log out"),
      onClick: () =>
        void workspace.actions
          .logout()
          .catch((error) => workspace.actions.notify(error.message, true)),
    }),
  );
}

/** @param {{workspace: Workspace}} props */
function AlwaysOn({ workspace }) {
  const { actions } = workspace;
  const [on, setOn] = useState(/** @type {boolean|null} */ (null));
  useEffect(() => {
    actions.alwaysOn()?.then(setOn, () => {});
  }, []);
  const change = (/** @type {Event} */ event) => {
    const wanted = /** @type {HTMLInputElement} */ (event.currentTarget).checked;
    setOn(wanted);
    actions.setAlwaysOn(wanted).catch((/** @type {Error} */ error) => {
      setOn(!wanted);
      actions.notify(error.message, true);
    });
  };
  return h(
    "label",
    { class: "check" },
    h("input", {
      type: "checkbox",
      checked: on === true,
      disabled: on === null,
      onChange: change,
    }),
    h("span", null, _("Receive messages while all my devices are closed")),
  );
}

/**
 * Run an action of a form, and show its error. `asksCode` is set once the server asks for a code.
 * @returns {{problem: string, busy: boolean, asksCode: boolean,
 *   run: (action: () => Promise<unknown>) => Promise<void>}}
 */
function useSubmission() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [asksCode, setAsksCode] = useState(false);
  const run = async (/** @type {() => Promise<unknown>} */ action) => {
    setBusy(true);
    setProblem("");
    try {
      await action();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      if (error instanceof Error && error.name === "CodeRequired") setAsksCode(true);
    }
    setBusy(false);
  };
  return { problem, busy, asksCode, run };
}

/**
 * @param {{form: Form, setForm: (form: Form) => void, workspace: Workspace, name: string,
 *   setName: (name: string) => void}} props
 */
function AccountForm({ form, setForm, workspace, name, setName }) {
  const { actions } = workspace;
  const { problem, busy, asksCode, run } = useSubmission();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const values = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const text = (/** @type {string} */ key) => String(values.get(key) ?? "").trim();
    void run(async () => {
      if (form === "verify") return actions.verify(name, text("code"));
      const [account, password] = [text("account"), String(values.get("password"))];
      setName(account);
      if (form === "login") {
        const code = text("code").replace(/\s/gu, "");
        return actions.login(account, password, values.has("remember"), code);
      }
      const { verify } = await actions.register(account, password, text("email") || undefined);
      if (verify) setForm("verify");
      return undefined;
    });
  };
  return h(
    "form",
    { class: "account-form", onSubmit: submit },
    form === "verify"
      ? field("code", _("Code that was sent to you, or your invitation"), "text", "one-time-code")
      : fields(form, name || workspace.me.nick.value, workspace),
    form === "login" && asksCode ? codeField() : null,
    h("p", { class: "problem", role: "alert" }, problem),
    h(
      "button",
      { type: "submit", class: "primary", disabled: busy, "aria-busy": busy },
      form === "login" ? _("Log in") : form === "register" ? _("Register") : _("Confirm"),
    ),
  );
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Workspace} workspace
 */
function fields(form, name, workspace) {
  // The server registers the nickname in use.
  const account = form === "register" ? workspace.me.nick.value : name;
  return [
    field("account", _("Account"), "text", "username", {
      defaultValue: account,
      readOnly: form === "register",
      required: true,
    }),
    field(
      "password",
      _("Password"),
      "password",
      form === "login" ? "current-password" : "new-password",
      { required: true },
    ),
    form === "register"
      ? field("email", _("E-mail, if the server asks for it"), "email", "email")
      : null,
    form === "login"
      ? h(
          "label",
          { key: "remember", class: "check" },
          h("input", {
            type: "checkbox",
            name: "remember",
            defaultChecked: workspace.settings.value.remember,
          }),
          h("span", null, _("Stay logged in on this device")),
        )
      : null,
  ];
}

function codeField() {
  return field(
    "code",
    _("Code of your authenticator, or a recovery code"),
    "text",
    "one-time-code",
    { required: true, spellcheck: false },
  );
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} type
 * @param {string} autocomplete
 * @param {Record<string, any>} [more]
 */
function field(name, label, type, autocomplete, more = {}) {
  return h(
    "div",
    { key: name, class: "field" },
    h("label", { for: `account-${name}` }, label),
    h("input", { id: `account-${name}`, name, type, autocomplete, autocapitalize: "off", ...more }),
  );
}

/** @param {{workspace: Workspace, onDone: () => void}} props */
function PasswordForm({ workspace, onDone }) {
  const { problem, busy, asksCode, run } = useSubmission();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const values = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    void run(async () => {
      const [before, after] = [String(values.get("old")), String(values.get("new"))];
      const code = String(values.get("code") ?? "").replace(/\s/gu, "");
      await workspace.actions.changePassword(before, after, code);
      workspace.actions.notify(_("The password is changed. Your other devices have to log in again."));
      onDone();
    });
  };
  return h(
    "form",
    { class: "account-form", onSubmit: submit },
    field("old", _("Password until now"), "password", "current-password", { required: true }),
    field("new", _("New password"), "password", "new-password", { required: true }),
    asksCode ? codeField() : null,
    h("p", { class: "problem", role: "alert" }, problem),
    h("button", { type: "submit", class: "primary", disabled: busy }, _("Change")),
  );
}
