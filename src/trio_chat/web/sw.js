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
const IMPORT = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/gu;
/** Languages besides English. */
const CATALOGUES = ["ru"];
const MOST_FILES = 300;
const LONGEST = 300;

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
  const queue = [...html.matchAll(/(?:src|href)="(\/[^"#]*)"/gu)].map(([, path]) => path);
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
    if (!response.ok) return [];
    await cache.put(path, response.clone());
  }
  if (!path.endsWith(".js")) return [];
  const source = await response.text();
  return [...source.matchAll(IMPORT)].map(
    ([, name]) => new URL(name, new URL(path, location.origin)).pathname,
  );
}

/**
 * Remove the files of older versions, except the one before: a page of it may be open, and loads its
 * dialogs when they are needed.
 * @param {Cache} cache
 * @param {string} html Of the current page.
 */
async function removeOld(cache, html) {
  const current = /\/v\/([^/"]+)\//u.exec(html)?.[1];
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
  if (request.mode === "navigate" && url.pathname === "/") event.respondWith(page(request));
  else if (VERSIONED.test(url.pathname)) event.respondWith(file(request));
});

/** @param {Request} request */
async function page(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match("/", { ignoreVary: true });
  if (!kept) return fetch(request);
  const fresh = fetch(request).then((response) => {
    const changed = response.ok && response.headers.get("etag") !== kept.headers.get("etag");
    // A new version is kept as a whole, or not at all.
    if (changed) store().catch(() => undefined);
    return response.status < 500 ? response : kept;
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
 * Show the message that was pushed: one IRC message (IRCv3 `webpush`).
 * @param {string} line
 */
async function notify(line) {
  const { nick, command, params } = parsed(line);
  const text = readable(params.at(-1) ?? "");
  if (command === "MARKREAD") return dismiss(params[0] ?? "");
  const { title, body, buffer } = described(nick, command, params, text);
  // Browsers require that each push shows something.
  await self.registration.showNotification(
    title,
    {
      body: body.slice(0, LONGEST),
      tag: `buffer:${buffer.toLowerCase()}`,
      renotify: true,
      icon: "/icon-192.png",
      badge: "/icon-192.png",
      data: { buffer },
    },
  );
  return undefined;
}

/**
 * Return what a notification shows, and the conversation that it opens. It has no words of its own,
 * because a worker has no catalogue.
 * @param {string} nick
 * @param {string} command
 * @param {string[]} params
 * @param {string} text
 */
function described(nick, command, params, text) {
  const [target = "", channel = ""] = params;
  if (command === "INVITE")
    return { title: `${nick} · ${channel}`, body: `✉ ${channel}`, buffer: channel };
  if (command !== "PRIVMSG" && command !== "NOTICE") // of the server itself
    return { title: self.registration.scope.replace(/^https?:|\//gu, ""), body: text, buffer: "" };
  const isChannel = /^[#&]/u.test(target);
  return {
    title: isChannel ? `${nick} · ${target}` : nick || "trio-chat",
    body: text,
    buffer: isChannel ? target : nick,
  };
}

/**
 * Close the notification of a conversation that was read on another device.
 * @param {string} target
 */
async function dismiss(target) {
  const tag = `buffer:${target.toLowerCase()}`;
  for (const notification of await self.registration.getNotifications({ tag }))
    notification.close();
}

/**
 * @param {string} line
 * @returns {{nick: string, command: string, params: string[]}}
 */
function parsed(line) {
  const match = /^(?:@\S+ +)?(?::([^ !]+)\S* +)?(\S+) ?(.*)$/su.exec(line.replace(/\r?\n$/u, ""));
  const [, nick = "", command = "", rest = ""] = match ?? [];
  const [middle, ...trailing] = ` ${rest}`.split(" :");
  const params = (middle ?? "").trim().split(/ +/u).filter(Boolean);
  if (trailing.length) params.push(trailing.join(" :"));
  return { nick, command: command.toUpperCase(), params };
}

/** @param {string} text */
function readable(text) {
  const action = /^\x01ACTION (.*?)\x01?$/su.exec(text);
  return (action ? `* ${action[1]}` : text)
    .replace(/\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?/giu, "")
    .replace(/[\x00-\x1f\x7f\u202a-\u202e]/gu, "");
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(String(event.notification.data?.buffer ?? "")));
});

/** @param {string} buffer */
async function open(buffer) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const [shown] = windows;
  if (!shown)
    return self.clients.openWindow(buffer.startsWith("#") ? `/${encodeURI(buffer)}` : "/");
  shown.postMessage({ type: "open", buffer });
  return shown.focus();
}
