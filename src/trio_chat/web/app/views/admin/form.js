/** The form of an action: what it does in words, what it needs, and the button that confirms it. */

import { h } from "../../../vendor/preact.js";
import { useState } from "../../../vendor/hooks.js";
import { carryOut } from "../../admin/operations.js";
import { _ } from "../../platform/i18n.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { closeDialog, dialogs, openDialog } from "../ui.js";

/** @import { Console } from "../../admin/console.js" */
/** @import { Item } from "../../admin/listing.js" */
/** @import { Action, Field, Section } from "../../admin/sections.js" */

/** @param {{page: Console, section: Section, action: Action, item: Item|null}} props */
export function FormDialog({ page, section, action, item }) {
  const { actions } = useWorkspace();
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    if ((action.fields ?? []).some(({ name, type }) => type === "scopes" && !form.has(name))) {
      setProblem(_("Choose at least one scope."));
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      const names = [...new Set(form.keys())];
      const values = Object.fromEntries(names.map((name) => [name, form.getAll(name).join("\n")]));
      const result = await carryOut(page.api, section, action, item ?? {}, values);
      finish(result);
    } catch (error) {
      setBusy(false);
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const finish = (/** @type {any} */ result) => {
    dialogs.value = dialogs.peek().filter(({ name }) => name === "admin");
    const secret = action.secret?.(result) ?? "";
    if (secret) openDialog("adminSecret", { title: _(action.done), secret });
    else if (action.isJob) openDialog("adminJob", { page, section, job: result ?? {} });
    else actions.notify([_(action.done), ...(action.lines?.(result) ?? [])].join(" "));
    page.changed(section);
  };
  const [first] = action.fields ?? [];
  return h(
    Dialog,
    { title: _(action.label), class: "small-dialog admin-form" },
    h(
      "form",
      { onSubmit: submit },
      h("p", null, action.explain(item ?? {})),
      (action.fields ?? []).map((field) =>
        h(Input, { key: field.name, page, field, isFirst: field === first, item }),
      ),
      h("p", { class: "problem", role: "alert" }, problem),
      h(
        "div",
        { class: "buttons" },
        h(
          "button",
          { type: "button", onClick: closeDialog, "data-autofocus": first ? undefined : "" },
          _("Cancel"),
        ),
        h(
          "button",
          {
            type: "submit",
            class: action.danger ? "danger" : "primary",
            disabled: busy,
            "aria-busy": busy,
          },
          _(action.confirm ?? action.label),
        ),
      ),
    ),
  );
}

/** @param {{page: Console, field: Field, isFirst: boolean, item: Item|null}} props */
function Input({ page, field, isFirst, item }) {
  const id = `admin-field-${field.name}`;
  const said = field.hint ? _(field.hint) : "";
  const hint = said ? `${id}-hint` : undefined;
  const common = {
    id,
    name: field.name,
    "aria-describedby": hint,
    "data-autofocus": isFirst ? "" : undefined,
  };
  const note = hint ? h("p", { id: hint, class: "fine" }, said) : null;
  if (field.type === "scopes") return h(Scopes, { page, field });
  if (field.type === "check")
    return h(
      "label",
      { class: "check" },
      h("input", {
        ...common,
        type: "checkbox",
        value: "yes",
        defaultChecked: item ? field.value?.(item) === "yes" : undefined,
      }),
      h("span", null, _(field.label), note),
    );
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, _(field.label)),
    field.choices
      ? h(
          "select",
          common,
          choicesOf(field.choices, item ?? {}).map(([value, text]) =>
            h("option", { key: value, value }, text),
          ),
        )
      : h("input", {
          ...common,
          type: field.type ?? "text",
          required: !field.optional,
          min: field.type === "number" ? 1 : undefined,
          defaultValue: item ? field.value?.(item) : undefined,
          autocomplete: field.type === "password" ? "new-password" : "off",
          autocapitalize: "off",
          spellcheck: false,
        }),
    note,
  );
}

/**
 * @param {NonNullable<Field["choices"]>} choices
 * @param {Item} item
 * @returns {readonly [string, string][]}
 */
function choicesOf(choices, item) {
  if (typeof choices === "function") return choices(item);
  return choices.map(([value, text]) => [value, _(text)]);
}

/** @param {{page: Console, field: Field}} props */
function Scopes({ page, field }) {
  return h(
    "fieldset",
    { class: "admin-scopes" },
    h("legend", null, _(field.label)),
    page.scopes().map((scope) =>
      h(
        "label",
        { key: scope, class: "check" },
        h("input", { type: "checkbox", name: field.name, value: scope }),
        h("span", null, scope),
      ),
    ),
  );
}
