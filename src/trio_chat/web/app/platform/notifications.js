/**
 * Notifications while the page is open (Notifications API), a sound, and the question for
 * permission, which browsers allow only after a gesture of the user.
 */

import { _, language } from "./i18n.js";
import { plain, plainName } from "../text/formatting.js";
import { withFileNames } from "../text/targets.js";
import { effect } from "../../vendor/signals-core.js";

/** @import { Alert, Buffer, Workspace } from "../model/types.js" */

const LONGEST = 300;
const MOST_MSGIDS = 20;

/** @type {Map<string, string[]>} Messages that notifications have shown, by their tags. */
const shown = new Map();

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
 * Show a notification for each alert of the workspace, and close it when the user reads on. Do what
 * the service worker asks for.
 * @param {Workspace} workspace
 * @returns {() => void} Stops it.
 */
export function watchAlerts(workspace) {
  const worker = navigator.serviceWorker;
  workspace.onAlert = (alert) => {
    const { notifications, sound } = workspace.settings.peek();
    if (notifications && permission() === "granted") void show(workspace, alert);
    if (sound) beep();
  };
  const onMessage = (/** @type {MessageEvent} */ { data }) => {
    if (data?.type === "open" && typeof data.buffer === "string" && data.buffer)
      workspace.actions.open(data.buffer);
    if (data?.type === "resubscribe") void workspace.actions.pushSubscribe().catch(() => {});
  };
  worker?.addEventListener("message", onMessage);
  const stops = [
    openWanted(workspace),
    () => worker?.removeEventListener("message", onMessage),
    language.subscribe((name) => void tellLanguage(name)),
    effect(() => {
      const buffer = workspace.current.value;
      if (buffer && workspace.attentive.value) void close(tagOf(buffer));
    }),
  ];
  return () => {
    workspace.onAlert = null;
    for (const stop of stops) stop();
  };
}

/**
 * Open the conversation for which a notification has opened this page, `/#?open=nickname`: when its
 * user is in the chat, since until then the channels of an earlier visit come to the front.
 * @param {Workspace} workspace
 * @returns {() => void} Stops it.
 */
function openWanted(workspace) {
  let wanted = new URLSearchParams(location.hash.split("?")[1] ?? "").get("open") ?? "";
  return effect(() => {
    const isReady = workspace.connection.value.phase === "ready";
    if (!wanted || !isReady || !workspace.current.value?.joined.value) return;
    const name = wanted;
    wanted = "";
    history.replaceState(history.state, "", location.pathname);
    queueMicrotask(() => workspace.actions.open(name));
  });
}

/**
 * Have the service worker use the language of the page.
 * @param {string} name
 */
async function tellLanguage(name) {
  const registration = await navigator.serviceWorker?.ready;
  registration?.active?.postMessage({ type: "language", language: name });
}

/** @param {Buffer} buffer */
function tagOf(buffer) {
  return `buffer:${buffer.key}`;
}

/** @param {string} tag */
async function close(tag) {
  shown.delete(tag);
  const worker = await navigator.serviceWorker?.getRegistration?.().catch(() => undefined);
  for (const notification of (await worker?.getNotifications?.({ tag })) ?? [])
    notification.close();
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
  const tag = tagOf(buffer);
  const msgids = [...(shown.get(tag) ?? []), entry.msgid].slice(-MOST_MSGIDS);
  shown.set(tag, msgids);
  const options = {
    body: plain(withFileNames(entry.text, location.origin).replaceAll("\n", " ")).slice(0, LONGEST),
    tag,
    icon: "/icon-192.png",
    badge: "/icon-192.png",
    // By the msgids the service worker knows what need not be shown again when it is pushed.
    data: { buffer: buffer.name, count: msgids.length, msgids },
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
