/** Files to send: added by paste, drop, choice or camera; uploaded at once, sent with the message. */

import { h } from "../../vendor/preact.js";
import { useRef } from "../../vendor/hooks.js";
import { signal } from "../../vendor/signals.js";
import { _ } from "../platform/i18n.js";
import { fileSize } from "../platform/dates.js";
import { plainName } from "../text/formatting.js";
import { Icon, IconButton } from "./icon.js";

/** @import { Signal } from "../../vendor/signals.js" */
/** @import { Buffer, Upload, Workspace } from "../model/types.js" */

/**
 * @typedef {object} Attachment
 * @property {number} id
 * @property {File} file
 * @property {Upload} upload
 * @property {Signal<number>} progress From 0 to 1.
 * @property {Signal<string>} error
 * @property {Signal<boolean>} isFinal Whether the server never takes the file.
 * @property {Promise<string>} address "" when the upload failed or was cancelled.
 */

const MOST = 10;
let ids = 0;
/** @type {WeakMap<Buffer, Signal<Attachment[]>>} */
const all = new WeakMap();

/**
 * Return the files that wait in the prompt of a buffer.
 * @param {Buffer} buffer
 */
export function uploadsOf(buffer) {
  let found = all.get(buffer);
  if (!found) {
    found = signal(/** @type {Attachment[]} */ ([]));
    all.set(buffer, found);
  }
  return found;
}

/**
 * Begin to upload files.
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 * @param {File[]} files
 */
export function addFiles(workspace, buffer, files) {
  if (!files.length) return;
  if (!workspace.features.value.filehost || buffer.kind === "server") {
    workspace.actions.notify(_("This server takes no files."), true);
    return;
  }
  const waiting = uploadsOf(buffer);
  const room = MOST - waiting.value.length;
  if (files.length > room)
    workspace.actions.notify(_("At most {count} files at once.", { count: MOST }), true);
  waiting.value = [...waiting.value, ...files.slice(0, room).map((file) => begin(workspace, file))];
}

/**
 * @param {Workspace} workspace
 * @param {File} file
 * @returns {Attachment}
 */
function begin(workspace, file) {
  const [progress, error, isFinal] = [signal(0), signal(""), signal(false)];
  const upload = workspace.actions.upload(
    file,
    (sent, total) => (progress.value = total ? sent / total : 0),
  );
  const address = upload.done.then(
    (found) => {
      progress.value = 1;
      return found;
    },
    (reason) => {
      isFinal.value = reason?.isFinal === true;
      if (reason?.name !== "AbortError")
        error.value = reason?.message || _("The upload has failed.");
      return "";
    },
  );
  return { id: (ids += 1), file, upload, progress, error, isFinal, address };
}

/**
 * Wait for the uploads, and take the addresses out of the prompt.
 * @param {Buffer} buffer
 * @param {string} text With which they are to be sent.
 * @returns {Promise<string[]|null>} null when one has failed, which stays in the prompt, or when the
 *   text was changed meanwhile.
 */
export async function takeAddresses(buffer, text) {
  const waiting = uploadsOf(buffer);
  const taken = waiting.value;
  const addresses = await Promise.all(taken.map(({ address }) => address));
  const isChanged = !buffer.draft.value.startsWith(text);
  if (isChanged || taken.some(({ error }) => error.value)) return null;
  const rest = waiting.value.filter((each) => !taken.includes(each));
  // Cancelled while this waited.
  const kept = addresses.filter(
    (address, number) =>
      address && waiting.value.includes(/** @type {Attachment} */ (taken[number])),
  );
  waiting.value = rest;
  return kept;
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
export function Attachments({ buffer, workspace }) {
  const waiting = uploadsOf(buffer);
  if (!waiting.value.length) return null;
  const remove = (/** @type {Attachment} */ attachment) => {
    attachment.upload.cancel();
    waiting.value = waiting.value.filter((each) => each !== attachment);
  };
  const again = (/** @type {Attachment} */ attachment) => {
    const next = begin(workspace, attachment.file);
    waiting.value = waiting.value.map((each) => (each === attachment ? next : each));
  };
  return h(
    "ul",
    { class: "attachments", "aria-label": _("Files to send") },
    waiting.value.map((attachment) => h(Row, { key: attachment.id, attachment, again, remove })),
  );
}

/**
 * @typedef {object} RowProps
 * @property {Attachment} attachment
 * @property {(attachment: Attachment) => void} again
 * @property {(attachment: Attachment) => void} remove
 */

/** @param {RowProps} props */
function Row({ attachment, again, remove }) {
  const { file, progress, error, isFinal } = attachment;
  const name = plainName(file.name);
  return h(
    "li",
    { class: error.value ? "attachment failed" : "attachment" },
    h(Icon, { name: "file" }),
    h(
      "span",
      { class: "about" },
      h("bdi", null, name),
      error.value
        ? h("span", { key: "error", class: "quiet", role: "alert" }, error.value)
        : h("span", { key: "size", class: "quiet" }, fileSize(file.size)),
    ),
    error.value || progress.value >= 1
      ? null
      : h("progress", {
          max: 1,
          value: progress.value,
          "aria-label": _("Upload of {name}", { name }),
        }),
    error.value && !isFinal.value
      ? h(IconButton, {
          icon: "retry",
          label: _("Upload {name} again", { name }),
          onClick: () => again(attachment),
        })
      : null,
    h(IconButton, {
      icon: "close",
      label:
        progress.value < 1 && !error.value
          ? _("Cancel the upload of {name}", { name })
          : _("Remove {name}", { name }),
      onClick: () => remove(attachment),
    }),
  );
}

/** @param {{buffer: Buffer, workspace: Workspace}} props */
export function AttachButtons({ buffer, workspace }) {
  const [files, camera] = [
    useRef(/** @type {HTMLInputElement|null} */ (null)),
    useRef(/** @type {HTMLInputElement|null} */ (null)),
  ];
  const take = (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    addFiles(workspace, buffer, [...(input.files ?? [])]);
    input.value = "";
  };
  const hidden = { type: "file", hidden: true, onChange: take };
  return h(
    "div",
    { class: "attach-buttons" },
    h("input", { ...hidden, ref: files, multiple: true }),
    h("input", { ...hidden, ref: camera, accept: "image/*", capture: "environment" }),
    h(IconButton, {
      icon: "attach",
      label: _("Attach files"),
      onClick: () => files.current?.click(),
    }),
    h(IconButton, {
      icon: "camera",
      label: _("Take a picture"),
      class: "touch-only",
      onClick: () => camera.current?.click(),
    }),
  );
}
