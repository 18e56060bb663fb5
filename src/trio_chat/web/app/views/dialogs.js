/** The open dialogs. Each is loaded when it is first opened, so that the page starts with less. */

import { h } from "../../vendor/preact.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { _ } from "../platform/i18n.js";
import { useWorkspace } from "./context.js";
import { closeDialog, dialogs } from "./ui.js";

/** @import { OpenDialog } from "./ui.js" */
/** @typedef {import("../../vendor/preact.js").FunctionComponent<any>} View */

/** @type {Record<string, () => Promise<View>>} */
const VIEWS = {
  account: () => import("./dialogs/account.js").then((module) => module.Account),
  buffer: () => import("./dialogs/buffer.js").then((module) => module.BufferMenu),
  channels: () => import("./dialogs/channels.js").then((module) => module.Channels),
  delete: () => import("./dialogs/message.js").then((module) => module.Delete),
  devices: () => import("./dialogs/devices.js").then((module) => module.Devices),
  emoji: () => import("./dialogs/emoji.js").then((module) => module.EmojiPicker),
  invite: () => import("./dialogs/invite.js").then((module) => module.Invite),
  keys: () => import("./dialogs/keys.js").then((module) => module.Keys),
  lines: () => import("./dialogs/message.js").then((module) => module.Lines),
  mentions: () => import("./dialogs/search.js").then((module) => module.Mentions),
  message: () => import("./dialogs/message.js").then((module) => module.MessageMenu),
  picture: () => import("./dialogs/picture.js").then((module) => module.Picture),
  search: () => import("./dialogs/search.js").then((module) => module.Search),
  settings: () => import("./dialogs/settings.js").then((module) => module.SettingsDialog),
  switcher: () => import("./dialogs/switcher.js").then((module) => module.Switcher),
  topic: () => import("./dialogs/buffer.js").then((module) => module.TopicEditor),
  user: () => import("./dialogs/user.js").then((module) => module.User),
};
/** @type {Map<string, View>} */
const loaded = new Map();

export function Dialogs() {
  return dialogs.value.map((dialog) => h(Loader, { key: dialog.name, dialog }));
}

/** @param {{dialog: OpenDialog}} props */
function Loader({ dialog }) {
  const { actions } = useWorkspace();
  const [, redraw] = useState(0);
  useEffect(() => {
    if (loaded.has(dialog.name)) return;
    VIEWS[dialog.name]?.().then(
      (view) => {
        loaded.set(dialog.name, view);
        redraw(1);
      },
      () => {
        closeDialog();
        actions.notify(
          _(
            "This part of the page could not be loaded. Reload the page: the server may have a newer one.",
          ),
          true,
        );
      },
    );
  }, [dialog.name]);
  const View = loaded.get(dialog.name);
  return View ? h(View, dialog.props) : null;
}
