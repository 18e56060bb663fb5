/** The second factor of the account: an authenticator, its QR code, and the recovery codes. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { QrCode } from "./invite.js";
import { copy } from "./message.js";

/** What the server answers, of which only these parts are read. */
const ADDRESS = /otpauth:\/\/totp\/\S+/;
const RECOVERY = /\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b/g;
const IS_ON = /^The second factor is on since/;

/** @typedef {{lines: string[], address: string, codes: string[]}} Answer */

/** @param {string[]} lines @returns {Answer} */
function read(lines) {
  const text = lines.join("\n");
  return { lines, address: ADDRESS.exec(text)?.[0] ?? "", codes: text.match(RECOVERY) ?? [] };
}

export function SecondFactor() {
  const { actions } = useWorkspace();
  const [isOn, setOn] = useState(/** @type {boolean|null} */ (null));
  const [answer, setAnswer] = useState(/** @type {Answer} */ (read([])));
  const ask = async (/** @type {string[]} */ ...words) => {
    try {
      setAnswer(read(await actions.secondFactor(...words)));
      setOn(IS_ON.test((await actions.secondFactor("STATUS"))[0] ?? ""));
    } catch (error) {
      setAnswer(read([error instanceof Error ? error.message : String(error)]));
    }
  };
  useEffect(() => void ask("STATUS"), []);
  const { address, codes, lines } = answer;
  return h(
    Dialog,
    { title: _("Second factor"), class: "invite-dialog" },
    h(
      "p",
      { class: "quiet" },
      _(
        "With a second factor, each login asks for the code of an authenticator besides the password: an app on your phone.",
      ),
    ),
    address ? h(Authenticator, { address }) : null,
    codes.length ? h(Codes, { codes }) : null,
    h(
      "p",
      { role: "status" },
      isOn === null && !lines.length ? _("Loading…") : address || codes.length ? null : lines.join(" "),
    ),
    isOn === null
      ? null
      : isOn
        ? h(Change, { ask })
        : address
          ? h(Form, {
              key: "confirm",
              button: _("Confirm"),
              fields: ["code"],
              submit: ({ code }) => ask("CONFIRM", code),
            })
          : h(Form, {
              key: "on",
              button: _("Set up"),
              fields: ["password"],
              submit: ({ password }) => ask("ON", password),
            }),
  );
}

/** @param {{address: string}} props */
function Authenticator({ address }) {
  const key = /[?&]secret=([A-Z2-7]+)/.exec(address)?.[1] ?? "";
  return [
    h(QrCode, { text: address, label: _("QR code for the authenticator") }),
    h("p", null, _("Scan it with the authenticator, or type this key there:")),
    h("p", null, h("code", null, (key.match(/.{1,4}/g) ?? []).join(" "))),
    h("p", null, h("a", { href: address }, _("Open the authenticator of this device"))),
    h("p", null, _("Then type the code that the authenticator shows.")),
  ];
}

/** @param {{codes: string[]}} props */
function Codes({ codes }) {
  const { actions } = useWorkspace();
  return [
    h(
      "p",
      { role: "alert" },
      _(
        "Each of these recovery codes stands once for a code, when the authenticator is lost. Keep them in a safe place: they are not shown again.",
      ),
    ),
    h("pre", { class: "recovery-codes" }, codes.join("\n")),
    h(
      "button",
      { type: "button", onClick: () => void copy(codes.join("\n"), actions.notify) },
      _("Copy"),
    ),
  ];
}

/** @param {{ask: (...words: string[]) => Promise<void>}} props */
function Change({ ask }) {
  const [verb, setVerb] = useState("");
  if (verb) {
    return h(Form, {
      key: verb,
      button: verb === "OFF" ? _("Switch off") : _("New recovery codes"),
      fields: ["password", "code"],
      submit: async ({ password, code }) => {
        await ask(verb, `${password} ${code}`);
        setVerb("");
      },
    });
  }
  return h(
    "div",
    { class: "row-form" },
    h("button", { type: "button", onClick: () => setVerb("CODES") }, _("New recovery codes")),
    h("button", { type: "button", class: "danger", onClick: () => setVerb("OFF") }, _("Switch off")),
  );
}

/**
 * @param {{button: string, fields: ("password"|"code")[],
 *   submit: (values: {password: string, code: string}) => Promise<void>}} props
 */
function Form({ button, fields, submit }) {
  const [busy, setBusy] = useState(false);
  const onSubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const values = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const text = (/** @type {string} */ name) => String(values.get(name) ?? "").trim();
    setBusy(true);
    await submit({ password: text("password"), code: text("code") });
    setBusy(false);
  };
  return h(
    "form",
    { class: "account-form", onSubmit },
    fields.map((name) =>
      h(
        "div",
        { key: name, class: "field" },
        h(
          "label",
          { for: `factor-${name}` },
          name === "code" ? _("Code of your authenticator, or a recovery code") : _("Password"),
        ),
        h("input", {
          id: `factor-${name}`,
          name,
          type: name === "code" ? "text" : "password",
          autocomplete: name === "code" ? "one-time-code" : "current-password",
          autocapitalize: "off",
          spellcheck: false,
          required: true,
        }),
      ),
    ),
    h("button", { type: "submit", class: "primary", disabled: busy, "aria-busy": busy }, button),
  );
}
