/** Web Push: when this device is subscribed, registered, and neither. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import "../../src/trio_chat/web/app/session/commands/table.js"; // so that tests need not wait for it
import "../../src/trio_chat/web/app/session/accounts.js";
import "../../src/trio_chat/web/app/session/push.js";
import { newWorkspace, settle } from "./support.js";

const KEY = new Uint8Array(65).fill(4);
const OTHER_KEY = new Uint8Array(65).fill(5);
const VAPID = Buffer.from(KEY).toString("base64url");

/** The push manager of a browser. */
class PushManager {
  constructor() {
    this.subscription = null;
    this.allowed = true;
    this.count = 0;
  }

  async getSubscription() {
    return this.subscription;
  }

  async subscribe({ applicationServerKey, userVisibleOnly }) {
    assert.equal(userVisibleOnly, true);
    if (!this.allowed) throw new Error("NotAllowedError");
    if (!this.subscription) this.give(applicationServerKey);
    return this.subscription;
  }

  /** Have a subscription. */
  give(key) {
    const endpoint = `https://push.example/${(this.count += 1)}`;
    this.subscription = {
      endpoint,
      options: { applicationServerKey: key.buffer },
      toJSON: () => ({ endpoint, keys: { p256dh: "P", auth: "A" } }),
      unsubscribe: async () => {
        this.subscription = null;
        return true;
      },
    };
  }
}

let manager;
const before = {};

beforeEach(() => {
  manager = new PushManager();
  const registration = { pushManager: manager };
  const serviceWorker = {
    getRegistration: async () => registration,
    ready: Promise.resolve(registration),
    controller: {},
  };
  const globals = {
    navigator: { serviceWorker, language: "en", languages: ["en"] },
    isSecureContext: true,
    Notification: { permission: "granted" },
    window: globalThis,
  };
  for (const [name, value] of Object.entries(globals)) {
    before[name] = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
});

afterEach(() => {
  for (const [name, descriptor] of Object.entries(before)) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
});

/** A client that is logged in, at a server with push messages. */
async function loggedIn({ wanted = false, account = "ann" } = {}) {
  const made = newWorkspace();
  const { server, actions } = made;
  server.caps += " draft/webpush soju.im/webpush";
  server.tokens = ` VAPID=${VAPID}`;
  server.replace("WEBPUSH", (_server, message) =>
    server.reply(message, [`:server WEBPUSH ${message.params.slice(0, 2).join(" ")}`]),
  );
  server.replace("NICKSERV", (_server, message) => {
    server.reply(message, [":NickServ!s@s NOTICE me :You are logged out."]);
    if (message.params[0] === "LOGOUT") server.say(":server 901 me me!u@h :You are logged out");
  });
  if (wanted) actions.setSettings({ notifications: true });
  if (account)
    server.replace("USER", () => server.say(`:server 900 me me!u@h ${account} :Logged in`));
  actions.connect({ nick: "me" });
  await settle();
  assert.equal(made.workspace.connection.value.phase, "ready");
  return made;
}

test("a device is subscribed with the key of the server, and registered", async () => {
  const { server, actions } = await loggedIn();
  await actions.pushSubscribe();
  assert.deepEqual(server.sent("WEBPUSH"), [
    "WEBPUSH REGISTER https://push.example/1 p256dh=P;auth=A",
  ]);
  assert.deepEqual(new Uint8Array(manager.subscription.options.applicationServerKey), KEY);
});

test("a known device is registered again at each connection", async () => {
  manager.give(KEY);
  const { server } = await loggedIn();
  assert.equal(server.sent("WEBPUSH").length, 1);
  assert.equal(manager.count, 1);
});

test("a device that nobody wants is not subscribed", async () => {
  const { server } = await loggedIn();
  assert.deepEqual(server.sent("WEBPUSH"), []);
  assert.equal(manager.count, 0);
});

test("another key of the server replaces the subscription", async () => {
  manager.give(OTHER_KEY);
  const { server } = await loggedIn();
  assert.deepEqual(server.sent("WEBPUSH"), [
    "WEBPUSH REGISTER https://push.example/2 p256dh=P;auth=A",
  ]);
});

test("a wanted subscription that the browser has ended is made anew", async () => {
  const { server } = await loggedIn({ wanted: true });
  assert.equal(server.sent("WEBPUSH").length, 1);
});

test("a guest is not subscribed, and learns what is needed", async () => {
  const { server, actions } = await loggedIn({ wanted: true, account: "" });
  assert.deepEqual(server.sent("WEBPUSH"), []);
  await assert.rejects(actions.pushSubscribe(), /Log in to an account/u);
});

test("a guest does not receive the messages of the user that was here before", async () => {
  manager.give(KEY);
  const { workspace } = await loggedIn({ account: "" });
  assert.equal(workspace.me.account.value, "");
  assert.equal(manager.subscription, null);
});

test("logging out ends the subscription before the account is left", async () => {
  manager.give(KEY);
  const { server, actions } = await loggedIn();
  await actions.logout();
  assert.equal(manager.subscription, null);
  const words = server.lines.filter((line) => /UNREGISTER|LOGOUT/u.test(line));
  assert.match(words[0], /WEBPUSH UNREGISTER https:\/\/push\.example\/1/u);
  assert.match(words[1], /NICKSERV LOGOUT/iu);
});

test("a device that forgets everything is subscribed no longer", async () => {
  manager.give(KEY);
  const { server, actions } = await loggedIn();
  actions.forget();
  await settle();
  assert.equal(manager.subscription, null);
  assert.match(server.sent("WEBPUSH").at(-1), /^WEBPUSH UNREGISTER /u);
});

test("the server learns what this device counts as a mention, and ignores", async () => {
  const { server, actions } = await loggedIn();
  const rules = () =>
    server.lines
      .splice(0)
      .filter((line) => line.includes(" PUSH "))
      .map((line) => line.replace(/.*NICKSERV /u, ""));
  actions.ignore("eve", true);
  actions.setSettings({ highlights: ["lunch", "build server"] });
  actions.join("#a");
  await settle();
  assert.deepEqual(rules(), []); // nothing is pushed yet
  await actions.pushSubscribe();
  await settle();
  assert.deepEqual(rules(), [
    "PUSH WORDS :+lunch,+build server",
    "PUSH IGNORED +eve",
  ]);
  actions.ignore("eve", false);
  actions.setSettings({ highlights: ["tea"] });
  actions.setSettings({ sound: true });
  await settle();
  assert.deepEqual(rules(), [
    "PUSH IGNORED -eve",
    "PUSH WORDS :-lunch,-build server,+tea",
  ]);
});

test("long lists of rules become several commands", async () => {
  const { server, actions } = await loggedIn();
  for (let number = 0; number < 100; number += 1) actions.ignore(`someone${number}`, true);
  await actions.pushSubscribe();
  await settle();
  const lines = server.lines.filter((line) => line.includes(" PUSH "));
  assert.ok(lines.length > 5);
  assert.ok(lines.every((line) => line.length < 300));
  assert.equal(lines.join().match(/\+someone/gu).length, 100);
});

test("a browser that refuses says so, and nothing is registered", async () => {
  const { server, actions } = await loggedIn();
  manager.allowed = false;
  await assert.rejects(actions.pushSubscribe(), /does not allow notifications/u);
  assert.deepEqual(server.sent("WEBPUSH"), []);
});

test("a refusal of the server is the reason that the user sees", async () => {
  const { server, actions } = await loggedIn();
  server.replace("WEBPUSH", (_server, message) =>
    server.reply(message, [
      ":server FAIL WEBPUSH INVALID_PARAMS REGISTER https://push.example/1 :It did not answer",
    ]),
  );
  await assert.rejects(actions.pushSubscribe(), /It did not answer/u);
});
