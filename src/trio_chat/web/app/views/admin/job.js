/** The progress of a job, which goes on when the dialog is closed. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { factsOf } from "../../admin/facts.js";
import { JOB, OUTCOME, follow, kindOf, stateOf } from "../../admin/jobs.js";
import { filled } from "../../admin/operations.js";
import { shown } from "../../admin/values.js";
import { _ } from "../../platform/i18n.js";
import { plainName } from "../../text/formatting.js";
import { Dialog } from "../dialog.js";
import { closeDialog } from "../ui.js";
import { Facts } from "./item.js";

/** @import { Console } from "../../admin/console.js" */
/** @import { Item } from "../../admin/listing.js" */
/** @import { Section } from "../../admin/sections.js" */

/** @param {{page: Console, section: Section, job: Item}} props */
export function JobDialog({ page, section, job }) {
  const [now, setNow] = useState(job);
  const [problem, setProblem] = useState("");
  const say = (/** @type {unknown} */ error) =>
    setProblem(error instanceof Error ? error.message : String(error));
  useEffect(() => {
    const closing = new AbortController();
    follow(page.api, job, setNow, closing.signal)
      .catch(say)
      .finally(() => page.changed(section));
    return () => closing.abort();
  }, [job]);
  const isRunning = now["state"] === "running";
  const cancel = () => {
    page.api.request("DELETE", filled(JOB, [job["id"]])).catch(say);
  };
  return h(
    Dialog,
    { title: kindOf(now), class: "small-dialog" },
    isRunning
      ? h("progress", {
          class: "admin-progress",
          "aria-label": _("Progress"),
          // Without a value, it says that something goes on.
          value: typeof now["progress"] === "number" ? now["progress"] : undefined,
        })
      : null,
    h("p", { role: "status" }, isRunning ? _("This can take a while.") : shown(stateOf(now))),
    h(Facts, { facts: factsOf(now["outcome"] ?? {}, OUTCOME) }),
    h("p", { class: "problem", role: "alert" }, problem || plainName(String(now["problem"] ?? ""))),
    h(
      "div",
      { class: "buttons" },
      isRunning && page.allows(`DELETE ${JOB}`)
        ? h("button", { type: "button", class: "danger", onClick: cancel }, _("Cancel the job"))
        : null,
      h("button", { type: "button", "data-autofocus": "", onClick: closeDialog }, _("Close")),
    ),
  );
}
