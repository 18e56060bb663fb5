/**
 * The service worker: it keeps the page's files, so that the page opens without a connection, and
 * shows notifications that the server pushes (RFC 8030) while the page is closed.
 *
 * Files under `/v/` never change, so that they come from the cache. The page itself comes from the
 * network, and from the cache when that does not answer in time.
 */

const CACHE = "page-1";
const PATIENCE = 4000;
const VERSIONED = /^\/v\/([^/]+)\//u;
const IMPORT = /(?:from|import)\s*\(?\s*\x22(\.{1,2}\/[^\x22]+)\x22/gu;
/** Languages besides English. */
const CATALOGUES = ["ru"];
/** What only administrators need: it is kept when it has been opened. */
const RARE = /\/admin_\w+[-.]/u;
const MOST_FILES = 300;
const LONGEST = 300;
const MOST_LINES = 5;
const MOST_MSGIDS = 20;
/** Where the cache has the language of the page. */
const LANGUAGE = "/language";

self.addEventListener("install", (event) => {
  event.waitUntil(store().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

/** Keep the page with all files that it and its modules name; remove those of older versions. */
async function store() {
  const cache = await caches.open(CACHE);
  const response = await fetch("/", { cache: "no-cache", headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error("the page cannot be had");
  const html = await response.clone().text();
  const queue = [...html.matchAll(/(?:src|href)=\x22(\/[^\x22#]*)\x22/gu)].map(([, path]) => path);
  const base = VERSIONED.exec(queue.find((path) => VERSIONED.test(path)) ?? "")?.[0];
  if (base) queue.push(...CATALOGUES.map((name) => `${base}locale/${name}.json`));
  const files = new Set();
  while (queue.length && files.size < MOST_FILES) {
    const path = queue.pop();
    if (files.has(path) || path === "/" || !/^\/(?:v\/|icon|manifest)/u.test(path)) continue;
    files.add(path);
    queue.push(...(await storeFile(cache, path)));
  }
  await cache.put("/", response);
  await removeOld(cache, html);
}

/**
 * Keep one file, and return the modules that it imports.
 * @param {Cache} cache
 * @param {string} path
 */
async function storeFile(cache, path) {
  let response = VERSIONED.test(path) ? await cache.match(path) : undefined;
  if (!response) {
    response = await fetch(path);
    // The server may have got another version of the page meanwhile.
    if (!response.ok && VERSIONED.test(path)) throw new Error(`${path} cannot be had`);
    if (!response.ok) return [];
    await cache.put(path, response.clone());
  }
  if (!path.endsWith(".js")) return [];
  const source = await response.text();
  return [...source.matchAll(IMPORT)]
    .map(([, name]) => new URL(name, new URL(path, location.origin)).pathname)
    .filter((name) => !RARE.test(name));
}

/**
 * Remove the files of older versions, except the one before: a page of it may be open, and loads its
 * dialogs when they are needed.
 * @param {Cache} cache
 * @param {string} html Of the current page.
 */
async function removeOld(cache, html) {
  const current = /\/v\/([^/\x22]+)\//u.exec(html)?.[1];
  const kept = (await cache.keys()).map((request) => {
    const version = VERSIONED.exec(new URL(request.url).pathname)?.[1];
    return { request, version };
  });
  const before = kept.findLast(({ version }) => version && version !== current)?.version;
  for (const { request, version } of kept) {
    if (version && version !== current && version !== before) await cache.delete(request);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/") event.respondWith(page(event));
  else if (VERSIONED.test(url.pathname)) event.respondWith(file(request));
});

/** @param {FetchEvent} event */
async function page(event) {
  const { request } = event;
  const cache = await caches.open(CACHE);
  const kept = await cache.match("/", { ignoreVary: true });
  if (!kept) return fetch(request);
  const fresh = fetch(request).then((response) => {
    const changed = response.ok && response.headers.get("etag") !== kept.headers.get("etag");
    // A new version is kept as a whole, or not at all.
    if (changed) event.waitUntil(store().catch(() => undefined));
    return response.status < 500 && response.status !== 429 ? response : kept;
  });
  const late = new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE));
  return Promise.race([fresh, late]).catch(() => kept);
}

/** @param {Request} request */
async function file(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

// Push

self.addEventListener("push", (event) => {
  event.waitUntil(notify(event.data?.text() ?? ""));
});

/**
 * Show the message that was pushed: one IRC message (IRCv3 `webpush`). Browsers require that each
 * push shows something (`userVisibleOnly`), also where there is nothing new for the user.
 * @param {string} line
 */
async function notify(line) {
  const _ = await translation();
  const message = parsed(line);
  if (message.command === "MARKREAD")
    return dismiss(message.params[0] ?? "", _("Read on another device"));
  if (message.command === "REDACT") return retract(message, _("The message was deleted"));
  const { title, body, buffer } = described(message, _);
  const tag = tagOf(buffer);
  const shown = (await self.registration.getNotifications({ tag })).at(-1);
  const { count = 0, lines = [], msgids = [] } = shown?.data ?? {};
  const { msgid } = message;
  if (shown && msgid && msgids.includes(msgid)) // by the page, which is open
    return display(shown.title, { body: shown.body, tag, data: shown.data, silent: true });
  const data = {
    buffer,
    count: count + 1,
    lines: [...lines, body.slice(0, LONGEST)].slice(-MOST_LINES),
    msgids: [...msgids, msgid].slice(-MOST_MSGIDS),
  };
  const numbered = data.count > 1 ? `${title} (${data.count})` : title;
  const options = { body: data.lines.join("\n"), tag, data };
  if (!(await isInFront())) return display(numbered, { ...options, renotify: true });
  await display(numbered, { ...options, silent: true });
  return close(tag);
}

/**
 * @param {string} title
 * @param {NotificationOptions} options
 */
function display(title, options) {
  const icons = { icon: "/icon-192.png", badge: "/icon-192.png" };
  return self.registration.showNotification(title, { ...icons, ...options });
}

/**
 * Return what a notification shows, and the conversation that it opens.
 * @param {{nick: string, command: string, params: string[]}} message
 * @param {Translate} _
 */
function described({ nick, command, params }, _) {
  const [target = "", channel = ""] = params;
  if (command === "INVITE")
    return { title: nick, body: _("{nick} invites you to {channel}.", { nick, channel }), buffer: channel };
  if (command === "PRIVMSG" || command === "NOTICE") {
    const body = readable(params.at(-1) ?? "") || _("New message");
    const name = target.replace(/^[~&@%+]+(?=#)/u, ""); // for members of a rank (STATUSMSG)
    return isChannel(name)
      ? { title: _("{nick} in {channel}", { nick, channel: name }), body, buffer: name }
      : { title: nick || host(), body, buffer: nick };
  }
  const isFirst = command === "NOTE" && params[1] === "REGISTERED";
  const body = isFirst
    ? _("Notifications reach this device, also while the chat is closed.")
    : readable(params.at(-1) ?? "") || _("New message");
  return { title: host(), body, buffer: "" };
}

/**
 * Close the notification of a conversation that was read on another device.
 * @param {string} buffer
 * @param {string} body
 */
async function dismiss(buffer, body) {
  const tag = tagOf(buffer);
  await display(buffer || host(), { body, tag, silent: true });
  return close(tag);
}

/**
 * Remove a message that was deleted from the notification of its conversation.
 * @param {{nick: string, params: string[]}} message
 * @param {string} body
 */
async function retract({ nick, params }, body) {
  const [target = "", msgid = ""] = params;
  const buffer = isChannel(target) ? target : nick;
  const tag = tagOf(buffer);
  const shown = (await self.registration.getNotifications({ tag })).at(-1);
  const { lines = [], msgids = [] } = shown?.data ?? {};
  // The newest of each belong together: there are fewer lines.
  const last = msgids.length - msgids.indexOf(msgid);
  if (!shown || !msgids.includes(msgid) || last > lines.length || lines.length < 2)
    return msgids.length && !msgids.includes(msgid)
      ? display(shown.title, { body: shown.body, tag, data: shown.data, silent: true })
      : dismiss(buffer, body);
  const kept = lines.toSpliced(lines.length - last, 1);
  const data = { ...shown.data, lines: kept, msgids: msgids.filter((each) => each !== msgid) };
  return display(shown.title, { body: kept.join("\n"), tag, data, silent: true });
}

/** @param {string} tag */
async function close(tag) {
  for (const notification of await self.registration.getNotifications({ tag }))
    notification.close();
}

/** @param {string} buffer */
function tagOf(buffer) {
  return `buffer:${buffer.toLowerCase()}`;
}

/** @param {string} name */
function isChannel(name) {
  return /^[#&]/u.test(name);
}

function host() {
  return self.registration.scope.replace(/^https?:|\//gu, "");
}

function windows() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

/** Return whether the user looks at the page, which shows messages itself. */
async function isInFront() {
  return (await windows()).some(({ focused }) => focused);
}

/**
 * @param {string} line
 * @returns {{msgid: string, nick: string, command: string, params: string[]}}
 */
function parsed(line) {
  const match = /^(?:@(\S+) +)?(?::([^ !]+)\S* +)?(\S+) ?(.*)$/su.exec(line.replace(/\r?\n$/u, ""));
  const [, tags = "", nick = "", command = "", rest = ""] = match ?? [];
  const [, msgid = ""] = /(?:^|;)msgid=([^;]*)/u.exec(tags) ?? [];
  const [middle, ...trailing] = ` ${rest}`.split(" :");
  const params = (middle ?? "").trim().split(/ +/u).filter(Boolean);
  if (trailing.length) params.push(trailing.join(" :"));
  return { msgid, nick, command: command.toUpperCase(), params };
}

/** The address of an uploaded file: its name is what a user wants to read of it. */
const FILE = /https?:\/\/[^/\s]+\/file\/[\w-]{22}\/([^/\s]+)/gu;

/** @param {string} name */
function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** @param {string} text */
function readable(text) {
  const action = /^\x01ACTION (.*?)\x01?$/su.exec(text);
  return (action ? `* ${action[1]}` : text)
    .replace(FILE, (_address, name) => decoded(name))
    .replace(/\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?/giu, "")
    .replace(/[\x00-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "")
    .trim();
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(String(event.notification.data?.buffer ?? "")));
});

/**
 * Open a conversation in the page that is open, or in a new one.
 * @param {string} buffer
 */
async function open(buffer) {
  const all = await windows();
  const best = all.find(({ visibilityState }) => visibilityState === "visible") ?? all[0];
  const focused = await best?.focus().catch(() => undefined);
  if (!focused) return self.clients.openWindow(addressOf(buffer));
  return focused.postMessage({ type: "open", buffer });
}

/** @param {string} buffer */
function addressOf(buffer) {
  if (buffer.startsWith("#")) return `/#${encodeURIComponent(buffer.slice(1))}`;
  return buffer ? `/#?open=${encodeURIComponent(buffer)}` : "/";
}

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event));
});

/**
 * Subscribe again when the browser has ended the subscription. Only the page can register the new
 * one at the server, as it is logged in: so a closed page has to be opened once.
 * @param {{oldSubscription?: PushSubscription|null, newSubscription?: PushSubscription|null}} event
 */
async function renew({ oldSubscription, newSubscription }) {
  const applicationServerKey = oldSubscription?.options?.applicationServerKey;
  const { pushManager } = self.registration;
  if (!newSubscription && applicationServerKey)
    await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }).catch(() => {});
  const all = await windows();
  for (const each of all) each.postMessage({ type: "resubscribe" });
  if (all.length) return undefined;
  const _ = await translation();
  const body = _("Open the chat once, so that notifications reach this device again.");
  return display(host(), { body, tag: "subscription", data: { buffer: "" } });
}

// Texts in the language of the page, which says what that is.

/** @typedef {(text: string, values?: Record<string, string>) => string} Translate */

self.addEventListener("message", (event) => {
  if (event.data?.type === "language") event.waitUntil(keepLanguage(String(event.data.language)));
});

/** @param {string} language */
async function keepLanguage(language) {
  const cache = await caches.open(CACHE);
  await cache.put(LANGUAGE, new Response(language));
}

/** @returns {Promise<Translate>} */
async function translation() {
  const texts = await catalogue().catch(() => undefined);
  return (text, values) =>
    (texts?.[text] ?? text).replace(/\{(\w+)\}/gu, (braces, name) => values?.[name] ?? braces);
}

async function catalogue() {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(LANGUAGE);
  const language = kept ? await kept.text() : (navigator.language.split("-")[0] ?? "");
  const end = `/locale/${language}.json`;
  const request = (await cache.keys()).findLast(({ url }) => url.endsWith(end));
  const response = request && (await cache.match(request));
  return (await response?.json())?.texts;
}
