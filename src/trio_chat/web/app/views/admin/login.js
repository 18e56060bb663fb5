/** The login as a server operator (OPER), for a user of the chat that is none yet. */

import { h } from "../../../vendor/preact.js";
import { useState } from "../../../vendor/hooks.js";
import { isOwnMachine } from "../../platform/shared_address.js";
import { _ } from "../../platform/i18n.js";
import { useWorkspace } from "../context.js";

export function LoginForm() {
  const { actions, features } = useWorkspace();
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const values = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setBusy(true);
    setProblem("");
    try {
      const { login } = await actions.operate();
      await login(String(values.get("name")).trim(), String(values.get("password")));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  const isSafe = features.value.secure || isOwnMachine(location.href);
  return h(
    "form",
    { class: "admin-login", onSubmit: submit },
    h("p", null, _("This page is for operators of the server, whose names are in its config.ini.")),
    isSafe
      ? null
      : h(
          "p",
          { class: "admin-warning" },
          _("This connection is not encrypted: others on the way could read the password."),
        ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "admin-name" }, _("Name of the operator")),
      h("input", {
        id: "admin-name",
        name: "name",
        required: true,
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: false,
        "data-autofocus": "",
      }),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "admin-password" }, _("Password")),
      h("input", {
        id: "admin-password",
        name: "password",
        type: "password",
        required: true,
        autocomplete: "off",
      }),
    ),
    h("p", { class: "problem", role: "alert" }, problem),
    h(
      "button",
      { type: "submit", class: "primary", disabled: busy, "aria-busy": busy },
      _("Log in as operator"),
    ),
  );
}
