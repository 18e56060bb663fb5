/** Names of the notification levels, for the user. */
import { _ } from "../platform/i18n.js";

/** @import { Notify } from "../model/types.js" */

/** @param {Notify} level */
export function levelName(level) {
  if (level === "all") return _("every message");
  return level === "mentions" ? _("mentions") : _("nothing");
}
