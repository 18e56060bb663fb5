/** The user's own profile: a picture, a display name, pronouns, a status. All users can read it. */

import { h } from "../../../vendor/preact.js";
import { useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { smallPicture } from "../../platform/pictures.js";
import { nickClass } from "../../text/nick_colour.js";
import { Avatar } from "../icon.js";

/** @import { Profile, Workspace } from "../../model/types.js" */

const LONGEST = 60;

/** @param {{workspace: Workspace}} props */
export function ProfileForm({ workspace }) {
  const { actions, me, profiles } = workspace;
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  void profiles.version.value;
  const nick = me.nick.value;
  const profile = profiles.get(nick);

  /** @param {() => Promise<void>} work */
  async function attempt(work) {
    setBusy(true);
    setProblem("");
    try {
      await work();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  }

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    const values = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const text = (/** @type {keyof Profile} */ name) => String(values.get(name) ?? "").trim();
    void attempt(() =>
      actions.setProfile({
        displayName: text("displayName"),
        pronouns: text("pronouns"),
        status: text("status"),
      }),
    );
  }

  return h(
    "section",
    { class: "profile" },
    h("h3", null, _("Profile")),
    h("p", { class: "quiet" }, _("Everybody on this server can read it.")),
    workspace.features.value.filehost
      ? h(
          "div",
          { class: "profile-picture" },
          h(Avatar, { nick, colour: nickClass(nick), class: "large", picture: profile?.avatar }),
          h(PictureButton, {
            disabled: busy,
            onPick: (file) => void attempt(() => sendPicture(workspace, file)),
          }),
          profile?.avatar
            ? h(
                "button",
                {
                  type: "button",
                  disabled: busy,
                  onClick: () => void attempt(() => actions.setProfile({ avatar: "" })),
                },
                _("Remove the picture"),
              )
            : null,
        )
      : null,
    h(
      "form",
      { key: JSON.stringify(profile ?? {}), onSubmit: submit },
      field("displayName", _("Display name"), profile?.displayName),
      field("pronouns", _("Pronouns"), profile?.pronouns),
      field("status", _("Status"), profile?.status),
      h("button", { type: "submit", disabled: busy }, _("Save")),
    ),
    h("p", { role: "status", class: problem ? "error" : "" }, problem),
  );
}

/** @param {{disabled: boolean, onPick: (file: File) => void}} props */
function PictureButton({ disabled, onPick }) {
  return h(
    "label",
    { class: "file-button" },
    _("Choose a picture"),
    h("input", {
      type: "file",
      class: "sr-only",
      accept: "image/png,image/jpeg,image/gif,image/webp,image/avif",
      disabled,
      onChange: (/** @type {Event} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.currentTarget);
        const [file] = input.files ?? [];
        input.value = "";
        if (file) onPick(file);
      },
    }),
  );
}

/**
 * Upload a picture in the size in which it is shown.
 * @param {Workspace} workspace
 * @param {File} file
 */
async function sendPicture({ actions }, file) {
  const small = await smallPicture(file);
  const avatar = await actions.upload(small, () => {}).done;
  await actions.setProfile({ avatar });
}

/**
 * @param {keyof Profile} name
 * @param {string} label
 * @param {string} [value]
 */
function field(name, label, value = "") {
  return h(
    "div",
    { class: "field" },
    h("label", { for: `profile-${name}` }, label),
    h("input", {
      id: `profile-${name}`,
      name,
      defaultValue: value,
      maxLength: LONGEST,
      autocomplete: "off",
      dir: "auto",
    }),
  );
}
