/**
 * The administrator's page: what a server operator sees and does by the HTTP API of the server. It
 * is loaded when an operator opens it, with its texts and its style sheet.
 */

import { h } from "../../../vendor/preact.js";
import { useEffect, useMemo, useState } from "../../../vendor/hooks.js";
import { Console } from "../../admin/console.js";
import { SECTIONS } from "../../admin/sections.js";
import { fileAddress } from "../../platform/files.js";
import { _, addTexts, language, load } from "../../platform/i18n.js";
import { ConnectionState } from "../connection_state.js";
import { useWorkspace } from "../context.js";
import { Dialog } from "../dialog.js";
import { Icon } from "../icon.js";
import { dialogs, openDialog } from "../ui.js";
import { LoginForm } from "./login.js";
import { Overview } from "./overview.js";
import { Page } from "./page.js";
import { ServerPage } from "./server.js";
import { StoragePage } from "./storage.js";

/** @import { Section } from "../../admin/sections.js" */

export { ItemDialog as adminItem } from "./item.js";
export { FormDialog as adminForm } from "./form.js";
export { JobDialog as adminJob } from "./job.js";
export { SecretDialog as adminSecret } from "./secret.js";
export { AdminPage as admin };

const VIEWS = { list: Page, overview: Overview, storage: StoragePage, server: ServerPage };
const TITLE = "admin-title";
const STYLE = "style/admin.css";

/** @param {{section: string}} props */
function AdminPage({ section }) {
  const workspace = useWorkspace();
  const isReady = useFiles();
  const isOperator = /[oO]/u.test(workspace.me.modes.value);
  const isHere = workspace.connection.value.phase === "ready";
  if (!isReady) return null;
  return h(
    Dialog,
    {
      title: _("Administration of {network}", { network: workspace.features.value.network }),
      class: "admin-page",
    },
    isHere ? null : h(ConnectionState, { workspace }),
    isOperator
      ? h(Sections, { wanted: section })
      : isHere
        ? h(LoginForm, null)
        : h(
            "p",
            { class: "admin-empty" },
            _("Without a connection there is nothing to see here. Connect, and log in again."),
          ),
  );
}

/** Return whether texts and style sheet are there. */
function useFiles() {
  const [ready, setReady] = useState("");
  const wanted = language.value;
  useEffect(() => {
    void Promise.all([loadTexts(wanted), loadStyle()]).then(() => setReady(wanted));
  }, [wanted]);
  return ready === wanted;
}

/**
 * Load the texts of this page; without them it is in English.
 * @param {string} name Of the language.
 */
async function loadTexts(name) {
  const loaded = name === "en" ? null : await load(`admin/${name}`);
  if (loaded) addTexts(loaded);
}

/** Load the style sheet once; without it the page is plain, and works. */
function loadStyle() {
  const address = fileAddress(STYLE);
  if (document.querySelector(`link[href="${address}"]`)) return undefined;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = address;
  return new Promise((resolve) => {
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

/** @param {{wanted: string}} props */
function Sections({ wanted }) {
  const { actions } = useWorkspace();
  const page = useMemo(() => new Console(async () => (await actions.operate()).apiToken()), []);
  useEffect(() => {
    void page.open();
    return () => page.close();
  }, [page]);
  useFocus();
  const available = page.available.value;
  if (page.problem.value)
    return h(
      "div",
      { class: "admin-empty" },
      h("p", { role: "alert" }, page.problem.value),
      h("button", { type: "button", onClick: () => void page.open() }, _("Try again")),
    );
  if (!available) return h("p", { class: "admin-empty", role: "status" }, _("Loading…"));
  const sections = SECTIONS.filter(({ id }) => available.has(id));
  const section = sections.find(({ id }) => id === wanted) ?? sections[0];
  if (!section)
    return h("p", { class: "admin-empty" }, _("Your rights show you no part of this page."));
  const View = VIEWS[section.view ?? "list"];
  return h(
    "div",
    { class: "admin" },
    h(Navigation, { sections, section }),
    h(
      "section",
      { class: "admin-section", "aria-labelledby": TITLE },
      h("h3", { id: TITLE, tabIndex: -1 }, _(section.title)),
      h(View, { key: section.id, page, section }),
    ),
  );
}

/**
 * Put the focus to the title when a dialog above is closed whose button is gone, as after a change:
 * the keyboard goes on here.
 */
function useFocus() {
  const count = dialogs.value.length;
  useEffect(() => {
    const isOnTop = dialogs.peek().at(-1)?.name === "admin";
    if (isOnTop && !document.activeElement?.closest(".admin-page"))
      document.getElementById(TITLE)?.focus({ preventScroll: true });
  }, [count]);
}

/** @param {{sections: readonly Section[], section: Section}} props */
function Navigation({ sections, section }) {
  const go = (/** @type {string} */ id) => openDialog("admin", { section: id });
  return h(
    "nav",
    { class: "admin-nav", "aria-label": _("Sections") },
    h(
      "ul",
      null,
      sections.map(({ id, title, icon }) =>
        h(
          "li",
          { key: id },
          h(
            "a",
            {
              href: `#?admin=${id}`,
              class: "sidebar-item",
              "aria-current": id === section.id ? "page" : undefined,
              onClick: (/** @type {MouseEvent} */ event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                go(id);
              },
            },
            h(Icon, { name: icon }),
            h("span", { class: "name" }, _(title)),
          ),
        ),
      ),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "admin-sections" }, _("Section")),
      h(
        "select",
        {
          id: "admin-sections",
          onChange: (/** @type {Event} */ event) =>
            go(/** @type {HTMLSelectElement} */ (event.currentTarget).value),
        },
        sections.map(({ id, title }) =>
          h("option", { key: id, value: id, selected: id === section.id }, _(title)),
        ),
      ),
    ),
  );
}
