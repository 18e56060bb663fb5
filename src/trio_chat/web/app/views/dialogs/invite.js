/** An invitation to a channel: a link and its QR code. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { encode } from "../../../vendor/uqr.js";
import { isOwnMachine } from "../../platform/shared_address.js";
import { _ } from "../../platform/i18n.js";
import { plainName } from "../../text/formatting.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { copy } from "./message.js";

/** @import { Buffer } from "../../model/types.js" */

/** @param {{buffer: Buffer}} props */
export function Invite({ buffer }) {
  const { actions } = useWorkspace();
  const [link, setLink] = useState("");
  const [problem, setProblem] = useState("");
  const [terms, setTerms] = useState({ seconds: 0, uses: 0 });
  useEffect(() => {
    setProblem("");
    actions
      .inviteLink(buffer, terms.seconds || undefined, terms.uses || undefined)
      ?.then(setLink, (/** @type {Error} */ error) => {
        setLink("");
        setProblem(error.message);
      });
  }, [buffer, terms]);
  return h(
    Dialog,
    {
      title: _("Invite to {channel}", { channel: plainName(buffer.name) }),
      class: "invite-dialog",
    },
    h(
      "div",
      { class: "invite-terms" },
      select(
        "expires",
        _("Valid for"),
        [
          [0, _("as long as the channel")],
          [3600, _("an hour")],
          [86_400, _("a day")],
          [604_800, _("a week")],
        ],
        terms.seconds,
        (seconds) => setTerms({ ...terms, seconds }),
      ),
      select(
        "uses",
        _("Can be used"),
        [
          [0, _("by everybody")],
          [1, _("once")],
          [10, _("ten times")],
        ],
        terms.uses,
        (uses) => setTerms({ ...terms, uses }),
      ),
    ),
    link
      ? [
          h(QrCode, { text: link }),
          h(
            "p",
            { class: "quiet" },
            isOwnMachine(link)
              ? _("Only this machine itself can open this link: the server is not reachable from others.")
              : _("Scan it with the camera of a phone, or send the link."),
          ),
          h(
            "div",
            { class: "copy-row" },
            h("input", { readOnly: true, value: link, "aria-label": _("Link") }),
            h(
              "button",
              {
                type: "button",
                class: "primary",
                "data-autofocus": "",
                onClick: () => void copy(link, actions.notify),
              },
              _("Copy"),
            ),
          ),
        ]
      : h("p", { role: "status" }, problem || _("Loading…")),
  );
}

/**
 * @param {string} id
 * @param {string} label
 * @param {[number, string][]} choices
 * @param {number} value
 * @param {(value: number) => void} onChange
 */
function select(id, label, choices, value, onChange) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    h(
      "select",
      {
        id,
        onChange: (/** @type {Event} */ event) =>
          onChange(Number(/** @type {HTMLSelectElement} */ (event.currentTarget).value)),
      },
      choices.map(([each, text]) =>
        h("option", { key: each, value: each, selected: each === value }, text),
      ),
    ),
  );
}

/** @param {{text: string, label?: string}} props */
export function QrCode({ text, label }) {
  const { data, size } = encode(text, { ecc: "M", border: 3 });
  const path = data
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")))
    .join("");
  return h(
    "svg",
    {
      class: "qr",
      viewBox: `0 0 ${size} ${size}`,
      role: "img",
      "aria-label": label ?? _("QR code of the link"),
    },
    h("path", { d: path }),
  );
}
