/**
 * The second factor of the account: an authenticator, its QR code, and the recovery codes; and the
 * passkeys.
 */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { hasPasskeys } from "../../platform/passkeys.js";
import { plain } from "../../text/formatting.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { QrCode } from "./invite.js";
import { copy } from "./message.js";

/** What the server answers, of which only these parts are read. */
const ADDRESS = /otpauth:\/\/totp\/\S+/;
const RECOVERY = /\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b/g;
const IS_ON = /^The second factor is on since/;
/** The server still has the secret, for another code. */
const WAS_WRONG = /^That is not the code/;

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
      const found = read(await actions.askNickServ("2FA", ...words));
      setAnswer((old) =>
        WAS_WRONG.test(found.lines[0] ?? "") ? { ...found, address: old.address } : found,
      );
      setOn(IS_ON.test((await actions.askNickServ("2FA", "STATUS"))[0] ?? ""));
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
      isOn === null && !lines.length
        ? _("Loading…")
        : ADDRESS.test(lines.join(" ")) || codes.length
          ? null
          : lines.join(" "),
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
    h(Passkeys, { fields: isOn ? ["name", "password", "code"] : ["name", "password"] }),
  );
}

/** @param {{fields: Field[]}} props */
function Passkeys({ fields }) {
  const { actions } = useWorkspace();
  const [lines, setLines] = useState(/** @type {string[]} */ ([]));
  const [problem, setProblem] = useState("");
  const run = async (/** @type {() => Promise<unknown>} */ action) => {
    setProblem("");
    try {
      await action();
      setLines(await actions.askNickServ("PASSKEY", "LIST"));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => void run(async () => {}), []);
  const names = lines.slice(0, -1);
  return h(
    "section",
    null,
    h("h3", null, _("Passkeys")),
    h(
      "p",
      { class: "quiet" },
      _("A passkey of this device logs you in to this page without a password and without a code."),
    ),
    h(
      "ul",
      { class: "sessions" },
      names.map((line) =>
        h(
          "li",
          { key: line },
          h("span", { dir: "auto" }, plain(line)),
          h(
            "button",
            {
              type: "button",
              class: "link danger",
              onClick: () =>
                run(async () => {
                  const answers = await actions.askNickServ(
                    "PASSKEY",
                    "DEL",
                    line.slice(0, line.indexOf(": ")),
                  );
                  if (!/is removed/.test(answers.join(" "))) throw new Error(answers.join(" "));
                }),
            },
            _("Remove"),
          ),
        ),
      ),
    ),
    h("p", { class: "problem", role: "alert" }, problem),
    hasPasskeys()
      ? h(Form, {
          id: "passkey",
          button: _("Add a passkey"),
          fields,
          submit: ({ name, password, code }) =>
            run(() => actions.addPasskey(name, code ? `${password} ${code}` : password)),
        })
      : null,
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

/** @type {Record<Field, () => string>} */
const LABELS = {
  name: () => _("Name of this device, in one word"),
  password: () => _("Password"),
  code: () => _("Code of your authenticator, or a recovery code"),
};
const AUTOCOMPLETE = { name: "off", password: "current-password", code: "one-time-code" };

/** @typedef {"name"|"password"|"code"} Field */

/**
 * @param {{button: string, fields: Field[], id?: string,
 *   submit: (values: Record<Field, string>) => Promise<void>}} props
 */
function Form({ button, fields, submit, id = "factor" }) {
  const [busy, setBusy] = useState(false);
  const onSubmit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const values = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const text = (/** @type {string} */ name) => String(values.get(name) ?? "").trim();
    setBusy(true);
    const code = text("code").replace(/\s/gu, "");
    await submit({ name: text("name"), password: text("password"), code });
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
          { for: `${id}-${name}` },
          LABELS[name](),
        ),
        h("input", {
          id: `${id}-${name}`,
          name,
          type: name === "password" ? "password" : "text",
          autocomplete: AUTOCOMPLETE[name],
          pattern: name === "name" ? "\\S{1,40}" : undefined,
          autocapitalize: "off",
          spellcheck: false,
          required: true,
        }),
      ),
    ),
    h("button", { type: "submit", class: "primary", disabled: busy, "aria-busy": busy }, button),
  );
}
