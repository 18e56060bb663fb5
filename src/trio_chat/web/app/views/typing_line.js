/** The line that says which users are typing. */

import { h } from "../../vendor/preact.js";
import { _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";

/** @import { Buffer } from "../model/types.js" */

/** @param {{buffer: Buffer}} props */
export function TypingLine({ buffer }) {
  const nicks = buffer.typing.value.map(plainName);
  const [one = "", other = ""] = nicks;
  const text =
    nicks.length === 0
      ? ""
      : nicks.length === 1
        ? _("{nick} is typing", { nick: one })
        : nicks.length === 2
          ? _("{nick} and {other} are typing", { nick: one, other })
          : plural("{count} user is typing", "{count} users are typing", nicks.length);
  // Always there, so that nothing moves when somebody types.
  return h(
    "div",
    { class: "typing-line" },
    text
      ? [
          h(
            "span",
            { class: "typing-dots", "aria-hidden": "true" },
            h("i", null),
            h("i", null),
            h("i", null),
          ),
          h("span", null, text),
        ]
      : null,
  );
}
