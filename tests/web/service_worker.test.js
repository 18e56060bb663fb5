// Notifications of the service worker: what a pushed line of IRC becomes (IRCv3 `webpush`).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";

const SCRIPT = await readFile(new URL("../../src/trio_chat/web/sw.js", import.meta.url), "utf8");
const ICON = "/icon-192.png";

/** A browser around the worker: its notifications, windows, cache and push manager. */
class Browser {
  constructor() {
    this.listeners = new Map();
    this.notifications = [];
    /** Each notification that was shown, as [title, options]. */
    this.shown = [];
    this.windows = [];
    this.opened = [];
    this.subscribed = [];
    this.files = new Map();
    /** What the server answers. */
    this.served = new Map();
    const registration = {
      scope: "https://chat.example:5000/",
      showNotification: async (title, options) => this.show(title, options),
      getNotifications: async ({ tag }) => this.notifications.filter((each) => each.tag === tag),
      pushManager: { subscribe: async (options) => this.subscribed.push(options) },
    };
    const clients = {
      matchAll: async () => this.windows,
      openWindow: async (address) => this.opened.push(address),
    };
    const cache = {
      match: async (request) => this.files.get(request.url ?? request)?.clone(),
      put: async (path, response) => this.files.set(path, response),
      keys: async () => [...this.files.keys()].map((path) => ({ url: new URL(path, self.location).href })),
    };
    const self = {
      addEventListener: (name, listener) => this.listeners.set(name, listener),
      registration,
      skipWaiting: async () => {},
      clients,
      location: new URL("https://chat.example:5000/sw.js"),
    };
    const caches = { open: async () => cache };
    vm.runInNewContext(SCRIPT, {
      self,
      caches,
      navigator: { language: "en-GB" },
      fetch: async (path) => this.served.get(path)?.clone() ?? new Response("", { status: 404 }),
      URL,
      location: self.location,
      Response,
    });
  }

  show(title, options) {
    if (options.renotify && options.silent) throw new TypeError("not both");
    this.shown.push([title, options]);
    const notification = { title, ...options, close: () => this.remove(notification) };
    this.notifications = this.notifications.filter((each) => each.tag !== options.tag);
    this.notifications.push(notification);
  }

  remove(notification) {
    this.notifications = this.notifications.filter((each) => each !== notification);
  }

  async fire(name, event = {}) {
    let ended;
    this.listeners.get(name)({ ...event, waitUntil: (promise) => (ended = promise) });
    await ended;
  }

  push(line) {
    return this.fire("push", { data: { text: () => line } });
  }

  /** Click on the notification of a conversation. */
  click(buffer) {
    const close = () => {};
    return this.fire("notificationclick", { notification: { close, data: { buffer } } });
  }

  window(properties = {}) {
    const window = {
      visibilityState: "hidden",
      focused: false,
      messages: [],
      postMessage: (message) => window.messages.push({ ...message }),
      focus: async () => window,
      ...properties,
    };
    this.windows.push(window);
    return window;
  }
}

/** Push lines to a worker; return the title, the text and the conversation that is shown last. */
async function pushed(...lines) {
  const browser = new Browser();
  for (const line of lines) await browser.push(line);
  const [title, { body, data }] = browser.shown.at(-1);
  return [title, body, data?.buffer];
}

test("a private message opens the conversation with its sender", async () => {
  assert.deepEqual(await pushed("@time=x :bob!u@h PRIVMSG me :hi \x02there"), [
    "bob",
    "hi there",
    "bob",
  ]);
});

test("a mention opens its channel", async () => {
  const line = ":bob!u@h PRIVMSG #a :me: look";
  assert.deepEqual(await pushed(line), ["bob in #a", "me: look", "#a"]);
  assert.deepEqual(await pushed(line.replace("#a", "@#a")), ["bob in #a", "me: look", "#a"]);
});

test("an invitation opens the channel that it is for", async () => {
  assert.deepEqual(await pushed(":bob!u@h INVITE me :#garden"), [
    "bob",
    "bob invites you to #garden.",
    "#garden",
  ]);
});

test("the first message says what it is for, and opens no conversation", async () => {
  assert.deepEqual(await pushed(":chat.local NOTE WEBPUSH REGISTERED :Enabled"), [
    "chat.example:5000",
    "Notifications reach this device, also while the chat is closed.",
    "",
  ]);
});

for (const line of ["", " ", ":bob!u@h PRIVMSG me :", ":bob!u@h PRIVMSG me :\x02\u202e", "FOO"]) {
  test(`a push without a text shows something: ${JSON.stringify(line)}`, async () => {
    const [title, body] = await pushed(line);
    assert.ok(title);
    assert.ok(body);
  });
}

test("what would reverse or hide a text is left out", async () => {
  const [title, body] = await pushed(":bob!u@h PRIVMSG me :a\u202eb\u2066c\x03" + "4d\x07e");
  assert.deepEqual([title, body], ["bob", "abcde"]);
});

test("a file is named, without its address", async () => {
  const place = "http://chat.example:5000/file/o3q-blyGqKpctEwZGX-6Iw";
  const line = `:bob!u@h PRIVMSG me :look ${place}/sea%20view%E2%80%AE.png ${place}/a%.bin`;
  assert.equal((await pushed(line))[1], "look sea view.png a%.bin");
});

test("an action is shown as one", async () => {
  assert.equal((await pushed(":bob!u@h PRIVMSG me :\x01ACTION waves\x01"))[1], "* waves");
});

test("messages of one conversation are counted in one notification", async () => {
  const browser = new Browser();
  for (const text of ["one", "two", "three", "four", "five", "six"])
    await browser.push(`:bob!u@h PRIVMSG me :${text}`);
  assert.equal(browser.notifications.length, 1);
  const [{ title, body, renotify, tag, icon }] = browser.notifications;
  assert.deepEqual([title, body], ["bob (6)", "two\nthree\nfour\nfive\nsix"]);
  assert.deepEqual([renotify, tag, icon], [true, "buffer:bob", ICON]);
});

test("conversations have notifications of their own", async () => {
  const browser = new Browser();
  await browser.push(":bob!u@h PRIVMSG me :hi");
  await browser.push(":bob!u@h PRIVMSG #a :me: hi");
  await browser.push(":BOB!u@h PRIVMSG me :again");
  assert.deepEqual(
    browser.notifications.map(({ tag, body }) => [tag, body]),
    [
      ["buffer:#a", "me: hi"],
      ["buffer:bob", "hi\nagain"],
    ],
  );
});

test("a long text is cut", async () => {
  assert.equal((await pushed(`:bob!u@h PRIVMSG me :${"x".repeat(2000)}`))[1].length, 300);
});

test("a message that the open page has shown does not ring again", async () => {
  const browser = new Browser();
  const data = { buffer: "bob", count: 1, msgids: ["m1"] };
  browser.show("bob", { body: "hi", tag: "buffer:bob", data });
  await browser.push("@time=x;msgid=m1 :bob!u@h PRIVMSG me :hi");
  const [title, { body, silent, renotify }] = browser.shown.at(-1);
  assert.deepEqual([title, body, silent, renotify], ["bob", "hi", true, undefined]);
  await browser.push("@msgid=m2;time=x :bob!u@h PRIVMSG me :there");
  assert.equal(browser.notifications[0].title, "bob (2)");
  assert.equal(browser.notifications[0].renotify, true);
});

test("a page in front shows messages itself: the notification is silent and goes at once", async () => {
  const browser = new Browser();
  browser.window({ focused: true, visibilityState: "visible" });
  await browser.push(":bob!u@h PRIVMSG me :hi");
  assert.equal(browser.shown.length, 1); // as browsers require
  assert.equal(browser.shown[0][1].silent, true);
  assert.deepEqual(browser.notifications, []);
});

test("a page that is open behind other windows does not keep notifications back", async () => {
  const browser = new Browser();
  browser.window();
  await browser.push(":bob!u@h PRIVMSG me :hi");
  assert.equal(browser.notifications.length, 1);
});

test("what was read on another device goes away, and something was shown", async () => {
  const browser = new Browser();
  await browser.push(":bob!u@h PRIVMSG #A :me: hi");
  await browser.push(":eve!u@h PRIVMSG me :hi");
  await browser.push(":chat.local MARKREAD #a timestamp=2027-01-15T08:00:00.000Z");
  assert.deepEqual(
    browser.notifications.map(({ tag }) => tag),
    ["buffer:eve"],
  );
  assert.equal(browser.shown.length, 3);
  assert.equal(browser.shown[2][1].silent, true);
});

test("a deleted message leaves the notification, and takes it along if it was the only one", async () => {
  const browser = new Browser();
  for (const id of ["m1", "m2", "m3"]) await browser.push(`@msgid=${id} :bob!u@h PRIVMSG #a :${id}`);
  await browser.push(":bob!u@h REDACT #A m2");
  const [, { silent }] = browser.shown.at(-1);
  assert.deepEqual([browser.notifications[0].body, silent], ["m1\nm3", true]);
  await browser.push(":bob!u@h REDACT #a m3");
  await browser.push(":bob!u@h REDACT #a unknown");
  assert.equal(browser.notifications[0].body, "m1");
  await browser.push(":bob!u@h REDACT #a m1");
  assert.deepEqual(browser.notifications, []);
  await browser.push("@msgid=p1 :bob!u@h PRIVMSG me :psst");
  await browser.push(":bob!u@h REDACT me p1");
  assert.deepEqual(browser.notifications, []);
  await browser.push(":bob!u@h REDACT me p1"); // shows something all the same
  assert.equal(browser.shown.at(-1)[1].body, "The message was deleted");
});

test("what only administrators need is not kept before it is opened", async () => {
  const browser = new Browser();
  browser.served.set("/", new Response('<script src="/v/1/bundle/app/main.js"></script>'));
  const modules = 'import("./admin_page-AB12.js");import("./admin_session-CD34.js");import "./a.js"';
  for (const path of ["/v/1/bundle/app/main.js", "/v/1/bundle/app/a.js"])
    browser.served.set(path, new Response(path.endsWith("main.js") ? modules : ""));
  browser.served.set("/v/1/locale/ru.json", new Response("{}"));
  await browser.fire("install");
  assert.deepEqual([...browser.files.keys()].sort(), [
    "/",
    "/v/1/bundle/app/a.js",
    "/v/1/bundle/app/main.js",
    "/v/1/locale/ru.json",
  ]);
});

test("texts are in the language of the page", async () => {
  const browser = new Browser();
  const texts = { "{nick} in {channel}": "{nick} в {channel}" };
  const path = "https://chat.example:5000/v/1/locale/ru.json";
  browser.files.set(path, Response.json({ language: "ru", texts }));
  await browser.push(":bob!u@h PRIVMSG #a :me: hi");
  assert.equal(browser.shown[0][0], "bob in #a");
  await browser.fire("message", { data: { type: "language", language: "ru" } });
  await browser.push(":bob!u@h PRIVMSG #b :me: hi");
  assert.equal(browser.shown[1][0], "bob в #b");
});

test("a name that looks like a placeholder stays as it is", async () => {
  assert.equal((await pushed(":{channel}!u@h PRIVMSG #a :x"))[0], "{channel} in #a");
});

test("a catalogue that cannot be read leaves the texts in English", async () => {
  const browser = new Browser();
  browser.files.set("/language", new Response("ru"));
  browser.files.set("https://chat.example:5000/v/1/locale/ru.json", new Response("{"));
  await browser.push(":bob!u@h PRIVMSG #a :me: hi");
  assert.equal(browser.shown[0][0], "bob in #a");
});

// Clicks

test("a click opens the conversation in the page that is open, the visible one first", async () => {
  const browser = new Browser();
  const hidden = browser.window();
  const visible = browser.window({ visibilityState: "visible" });
  await browser.click("#a");
  assert.deepEqual(visible.messages, [{ type: "open", buffer: "#a" }]);
  assert.deepEqual(hidden.messages, []);
  assert.deepEqual(browser.opened, []);
});

test("a click opens the page where none is, or where it cannot be shown", async () => {
  for (const focus of [undefined, () => Promise.reject(new Error("not allowed"))]) {
    const browser = new Browser();
    if (focus) browser.window({ focus });
    for (const buffer of ["#a", "##a b?", "bob[1]", ""]) await browser.click(buffer);
    assert.deepEqual(browser.opened, ["/#a", "/#%23a%20b%3F", "/#?open=bob%5B1%5D", "/"]);
  }
});

// The end of a subscription

test("an ended subscription is made anew, and an open page registers it", async () => {
  const browser = new Browser();
  const page = browser.window();
  const applicationServerKey = new ArrayBuffer(65);
  await browser.fire("pushsubscriptionchange", {
    oldSubscription: { options: { applicationServerKey } },
  });
  assert.deepEqual(
    browser.subscribed.map((each) => ({ ...each })),
    [{ userVisibleOnly: true, applicationServerKey }],
  );
  assert.deepEqual(page.messages, [{ type: "resubscribe" }]);
  assert.deepEqual(browser.shown, []);
});

test("without an open page the user learns that it has to be opened", async () => {
  const browser = new Browser();
  await browser.fire("pushsubscriptionchange", {});
  assert.deepEqual(browser.subscribed, []);
  assert.match(browser.shown[0][1].body, /^Open the chat once/u);
  await browser.click(browser.shown[0][1].data.buffer);
  assert.deepEqual(browser.opened, ["/"]);
});

test("a version of the page is kept as a whole or not at all", async () => {
  const browser = new Browser();
  browser.served.set("/", new Response('<script src="/v/1/app/main.js"></script>'));
  browser.served.set("/v/1/app/main.js", new Response('import "./other.js"'));
  await assert.rejects(browser.fire("install"), /cannot be had/u);
  assert.equal(browser.files.has("/"), false);
});
