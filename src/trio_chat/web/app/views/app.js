/** The page: the first visit, or the chat with its dialogs. */

import { h } from "../../vendor/preact.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { signal } from "../../vendor/signals.js"; // components follow the signals that they read
import { _, chosenLanguage, language, setLanguage } from "../platform/i18n.js";
import { watchInstall } from "../platform/install.js";
import { watchAlerts } from "../platform/notifications.js";
import { registerServiceWorker } from "../platform/service_worker.js";
import { watchViewport } from "../platform/viewport.js";
import { watchTitle } from "./page_title.js";
import { WorkspaceContext, viewSettings } from "./context.js";
import { Dialogs } from "./dialogs.js";
import { watchNavigation } from "./navigation.js";
import { Notices } from "./notices.js";
import { handleShortcut } from "./shortcuts.js";
import { watchSwipes } from "./swipes.js";
import { closeAll } from "./ui.js";
import { Welcome } from "./welcome.js";

/** @import { Settings, Workspace } from "../model/types.js" */

/**
 * The views of the chat, which are loaded while the first visit is drawn; null until then.
 * @type {import("../../vendor/signals.js").Signal<typeof import("./chat.js")|null>}
 */
const chat = signal(null);

/** @param {Workspace} workspace */
function loadChat({ actions }) {
  import("./chat.js").then(
    (views) => (chat.value = views),
    () => actions.notify(_("The page could not be loaded. Reload it."), true),
  );
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
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => handleShortcut(workspace, event);
  const onClick = (/** @type {MouseEvent} */ event) => followChannel(workspace, event);
  document.addEventListener("keydown", onKeyDown);
  document.addEventListener("click", onClick);
  loadChat(workspace);
  registerServiceWorker();
  const stops = [
    watchViewport(),
    watchTitle(workspace),
    watchAlerts(workspace),
    watchInstall(),
    watchNavigation(workspace),
    watchSwipes(workspace),
  ];
  return () => {
    document.removeEventListener("keydown", onKeyDown);
    document.removeEventListener("click", onClick);
    for (const stop of stops) stop();
  };
}

/**
 * Open the channel that a text names, in a topic or message, instead of its address.
 * @param {Workspace} workspace
 * @param {MouseEvent} event
 */
function followChannel(workspace, event) {
  const link = /** @type {Element} */ (event.target).closest("[data-channel]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  closeAll();
  workspace.actions.open(link.getAttribute("data-channel") ?? "");
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
