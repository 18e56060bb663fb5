/** Web Push (soju `webpush`): notifications of the server while the page is closed. */
import { _ } from "../platform/i18n.js";
import { permission } from "../platform/notifications.js";
import { askNickServ, setAlwaysOn } from "./queries.js";
import { flatten } from "./requests.js";

/** @import { Client } from "./client.js" */

const LONGEST_RULES = 150; // characters, of several bytes each

/**
 * Subscribe this device.
 * @param {Client} client
 * @throws {Error} The browser, the page or the server does not allow it; the message says which.
 */
export async function subscribe(client) {
  const { vapid } = client.model.features.value;
  if (!vapid) throw new Error(_("This server sends no notifications."));
  if (!client.model.me.account.value) {
    throw new Error(_("Log in to an account first: the server sends notifications to accounts."));
  }
  const registration = await serviceWorker();
  if (!registration) {
    throw new Error(_("Notifications need an encrypted connection with a trusted certificate."));
  }
  const key = Uint8Array.from(atob(vapid.replace(/-/g, "+").replace(/_/g, "/")), (char) =>
    char.charCodeAt(0),
  );
  const known = await registration.pushManager.getSubscription();
  if (known && !sameKey(known, key)) await known.unsubscribe();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const subscription = await registration.pushManager.subscribe(options).catch(() => {
    throw new Error(_("The browser does not allow notifications for this page."));
  });
  const { endpoint, keys } = subscription.toJSON();
  const words = `p256dh=${keys?.["p256dh"] ?? ""};auth=${keys?.["auth"] ?? ""}`;
  const items = await client.request("WEBPUSH", ["REGISTER", endpoint ?? "", words]);
  client.isPushed = true;
  if (flatten(items).some(({ params }) => params[1] === "PERSISTENCE_REQUIRED")) await stay(client);
  const { model } = client;
  await changeRules(client, "WORDS", model.preferences.settings.peek().highlights, []);
  await changeRules(client, "IGNORED", model.preferences.ignored.peek(), []);
}

/**
 * Have the server push what this device shows as a mention, and nothing of those that it ignores.
 * The rules are those of the account, and of all its devices.
 * @param {Client} client
 * @param {"WORDS"|"IGNORED"} list
 * @param {readonly string[]} added
 * @param {readonly string[]} removed
 */
export async function changeRules(client, list, added, removed) {
  if (!client.isPushed || !client.isReady) return;
  const changes = [...removed.map((each) => `-${each}`), ...added.map((each) => `+${each}`)];
  let line = "";
  for (const change of changes.filter((each) => each.length > 1 && !each.includes(","))) {
    if (line && line.length + change.length > LONGEST_RULES) {
      await askNickServ(client, "PUSH", list, line).catch(() => {});
      line = "";
    }
    line += line ? `,${change}` : change;
  }
  if (line) await askNickServ(client, "PUSH", list, line).catch(() => {});
}

/**
 * Stay in the channels while the page is closed: the server sends nothing to users that have left.
 * @param {Client} client
 */
async function stay(client) {
  await setAlwaysOn(client, true);
  client.model.notify(
    _("You stay in your channels while the page is closed, so that you are notified."),
  );
}

/**
 * End the subscription of this device.
 * @param {Client} client
 */
export async function unsubscribe(client) {
  client.isPushed = false;
  const registration = await serviceWorker();
  const known = await registration?.pushManager.getSubscription();
  if (!known) return;
  if (client.isReady)
    await client.request("WEBPUSH", ["UNREGISTER", known.endpoint]).catch(() => {});
  await known.unsubscribe();
}

/**
 * Register the subscription of this device again, as the server forgets those that are not seen. One
 * that the user wants and that has ended, by logging out or with a key that is no longer that of the
 * server, is made anew.
 * @param {Client} client
 */
export async function refresh(client) {
  const registration = await serviceWorker();
  const known = await registration?.pushManager.getSubscription();
  const wanted =
    client.model.preferences.settings.peek().notifications && permission() === "granted";
  if (known || (registration && wanted)) await subscribe(client);
}

async function serviceWorker() {
  if (!globalThis.isSecureContext || !navigator.serviceWorker) return undefined;
  const known = await navigator.serviceWorker.getRegistration("/").catch(() => undefined);
  if (!known?.pushManager) return undefined;
  return navigator.serviceWorker.ready;
}

/**
 * @param {PushSubscription} subscription
 * @param {Uint8Array} key
 */
function sameKey(subscription, key) {
  const used = new Uint8Array(subscription.options.applicationServerKey ?? new ArrayBuffer(0));
  return used.length === key.length && used.every((byte, index) => byte === key[index]);
}
