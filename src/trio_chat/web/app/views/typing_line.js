/** The line that says which users are typing, or on a narrow page that there is no connection. */

import { h } from "../../vendor/preact.js";
import { _, plural } from "../platform/i18n.js";
import { plainName } from "../text/formatting.js";
import { ConnectionState } from "./connection_state.js";
import { useWorkspace } from "./context.js";

/** @import { Buffer } from "../model/types.js" */

/** @param {{buffer: Buffer}} props */
export function TypingLine({ buffer }) {
  const workspace = useWorkspace();
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
  const isOffline = workspace.connection.value.phase !== "ready";
  // Always there, so that nothing moves when somebody types or the connection is lost.
  return h(
    "div",
    { class: isOffline ? "typing-line offline" : "typing-line" },
    // Where the list of conversations is a drawer.
    isOffline ? h(ConnectionState, { workspace }) : null,
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
