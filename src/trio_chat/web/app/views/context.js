/** Context of the views: the workspace, and the settings that only the views know. */

import { createContext } from "../../vendor/preact.js";
import { useContext } from "../../vendor/hooks.js";

/** @import { Settings, Workspace } from "../model/types.js" */
/** @import { Clock } from "../platform/dates.js" */
/** @import { EventDisplay } from "./rows.js" */

export const WorkspaceContext = createContext(
  /** @type {Workspace} */ (/** @type {unknown} */ (null)),
);

/** @returns {Workspace} */
export function useWorkspace() {
  return useContext(WorkspaceContext);
}

/**
 * Settings that only the views know, from `Settings.more`.
 * @typedef {object} ViewSettings
 * @property {EventDisplay} events
 * @property {Clock} clock
 * @property {"small"|"normal"|"large"|"huge"} textSize
 * @property {boolean} steady Whether messages stay in the document once they are drawn, for screen
 *   readers.
 * @property {boolean} members Whether the members are shown where there is room.
 */

/**
 * @param {Settings} settings
 * @returns {ViewSettings}
 */
export function viewSettings({ showEvents, more }) {
  return {
    events: !showEvents ? "none" : more["events"] === "all" ? "all" : "folded",
    clock: more["clock"] === "12" || more["clock"] === "24" ? more["clock"] : "",
    textSize: /** @type {ViewSettings["textSize"]} */ (more["textSize"] ?? "normal"),
    steady: more["steady"] === true,
    members: more["members"] !== false,
  };
}

/**
 * Change settings that only the views know.
 * @param {Workspace} workspace
 * @param {Partial<ViewSettings>} changes
 */
export function setViewSettings(workspace, changes) {
  const more = { ...workspace.settings.value.more, ...changes };
  workspace.actions.setSettings({ more });
}
