/**
 * Notifications while the page is open (Notifications API), a sound, and the question for
 * permission, which browsers allow only after a gesture of the user.
 */

import { _ } from "./i18n.js";
import { plain, plainName } from "../text/formatting.js";

/** @import { Alert, Workspace } from "../model/types.js" */

const LONGEST = 300;

/**
 * Return whether this page may show notifications, or may ask.
 * @returns {"granted"|"denied"|"default"|"insecure"|"unsupported"}
 */
export function permission() {
  if (!window.isSecureContext) return "insecure";
  return "Notification" in window ? Notification.permission : "unsupported";
}

/**
 * Ask for permission; call it in the handler of a click.
 * @returns {Promise<boolean>}
 */
export async function askPermission() {
  return permission() === "granted" || (await Notification.requestPermission()) === "granted";
}

/**
 * Show a notification for each alert of the workspace.
 * @param {Workspace} workspace
 * @returns {() => void} Stops it.
 */
export function watchAlerts(workspace) {
  workspace.onAlert = (alert) => {
    const { notifications, sound } = workspace.settings.peek();
    if (notifications && permission() === "granted") void show(workspace, alert);
    if (sound) beep();
  };
  const open = (/** @type {MessageEvent} */ event) => {
    if (event.data?.type === "open" && typeof event.data.buffer === "string")
      workspace.actions.open(event.data.buffer);
  };
  navigator.serviceWorker?.addEventListener("message", open);
  return () => {
    workspace.onAlert = null;
    navigator.serviceWorker?.removeEventListener("message", open);
  };
}

/**
 * @param {Workspace} workspace
 * @param {Alert} alert
 */
async function show(workspace, { buffer, entry }) {
  const nick = plainName(entry.nick);
  const title =
    buffer.kind === "private"
      ? nick
      : _("{nick} in {channel}", { nick, channel: plainName(buffer.name) });
  const options = {
    body: plain(entry.text.replaceAll("\n", " ")).slice(0, LONGEST),
    tag: `buffer:${buffer.key}`,
    icon: "/icon-192.png",
    badge: "/icon-192.png",
    data: { buffer: buffer.name },
  };
  // Chromium on Android shows notifications only through a service worker.
  const worker = await navigator.serviceWorker?.getRegistration?.().catch(() => undefined);
  if (worker?.active) return worker.showNotification(title, options);
  const notification = new Notification(title, options);
  notification.onclick = () => {
    window.focus();
    workspace.actions.open(buffer);
    notification.close();
  };
  return undefined;
}

/** @type {AudioContext|null} */
let audio = null;

/** Play a short, soft sound. */
function beep() {
  audio ??= new AudioContext();
  const [oscillator, gain] = [audio.createOscillator(), audio.createGain()];
  const now = audio.currentTime;
  oscillator.frequency.value = 740;
  gain.gain.setValueAtTime(0.08, now);
  gain.gain.exponentialRampToValueAtTime(0.001, now + 0.25);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(now);
  oscillator.stop(now + 0.25);
}
