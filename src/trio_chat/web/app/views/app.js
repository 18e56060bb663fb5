/** The page: the first visit, or the chat with its dialogs. */

import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { signal } from "../../vendor/signals.js"; // components follow the signals that they read
import { _, chosenLanguage, language, setLanguage } from "../platform/i18n.js";
import { watchInstall } from "../platform/install.js";
import { registerServiceWorker } from "../platform/service_worker.js";
import { watchViewport } from "../platform/viewport.js";
import { WorkspaceContext, viewSettings } from "./context.js";
import { Dialogs } from "./dialogs.js";
import { Notices } from "./notices.js";
import { Welcome } from "./welcome.js";

/** @import { Settings, Workspace } from "../model/types.js" */

/**
 * The views of the chat, which are loaded while the first visit is drawn; null until then.
 * @type {import("../../vendor/signals.js").Signal<typeof import("./chat.js")|null>}
 */
const chat = signal(null);

/**
 * Load the views of the chat, and let them follow what happens.
 * @param {Workspace} workspace
 * @returns {() => void} Stops them.
 */
function loadChat(workspace) {
  let stop = () => {};
  let isWanted = true;
  import("./chat.js").then(
    (views) => {
      if (isWanted) stop = views.watchChat(workspace);
      chat.value = views;
    },
    () => workspace.actions.notify(_("The page could not be loaded. Reload it."), true),
  );
  return () => {
    isWanted = false;
    stop();
  };
}

/** @param {{workspace: Workspace}} props */
export function App({ workspace }) {
  useEffect(() => watch(workspace), [workspace]);
  const settings = workspace.settings.value;
  const isEnglish = chosenLanguage(settings.language, navigator.languages) === "en";
  const [ready, setReady] = useState(isEnglish);
  useEffect(() => void applySettings(settings).then(() => setReady(true)), [settings]);
  const isOutside = useOutside(workspace);
  // Texts would be in English until the catalogue is there.
  if (!ready) return null;
  return h(
    WorkspaceContext.Provider,
    { value: workspace },
    // Another language draws everything anew.
    h(
      "div",
      { key: language.value, class: "page" },
      isOutside ? h(Welcome, null) : chat.value ? h(chat.value.Chat, null) : null,
      h(Dialogs, null),
      h(Notices, null),
    ),
  );
}

/**
 * Return whether the user is yet to enter the chat, and is asked for the nickname. A connection that
 * is refused or ended leads back; one that is lost does not.
 * @param {Workspace} workspace
 */
function useOutside(workspace) {
  const { phase } = workspace.connection.value;
  const hasConversations = workspace.buffers.value.some((buffer) => buffer.kind !== "server");
  const isOutside = useRef(!hasConversations);
  if (phase === "closed") isOutside.current = true;
  else if (phase === "ready" || (phase === "waiting" && hasConversations))
    isOutside.current = false;
  return isOutside.current;
}

/** @param {Workspace} workspace */
function watch(workspace) {
  registerServiceWorker();
  const stops = [watchViewport(), watchInstall(), loadChat(workspace)];
  return () => {
    for (const stop of stops) stop();
  };
}

/** @param {Settings} settings */
async function applySettings(settings) {
  const root = document.documentElement;
  root.dataset["theme"] = settings.theme;
  colourBars(settings.theme);
  root.dataset["text"] = viewSettings(settings).textSize;
  await setLanguage(settings.language);
}

/**
 * Give the bars of the browser or phone the colours of the theme.
 * @param {Settings["theme"]} theme
 */
function colourBars(theme) {
  const metas = /** @type {NodeListOf<HTMLMetaElement>} */ (
    document.querySelectorAll('meta[name="theme-color"]')
  );
  for (const meta of metas) {
    const own = (meta.dataset["theme"] ??= meta.media.includes("dark") ? "dark" : "light");
    meta.media =
      theme === "system" ? `(prefers-color-scheme: ${own})` : theme === own ? "all" : "not all";
  }
}
