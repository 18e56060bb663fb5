// Notifications of the service worker: what a pushed line of IRC becomes (IRCv3 `webpush`).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";

const SCRIPT = await readFile(new URL("../../src/trio_chat/web/sw.js", import.meta.url), "utf8");

/** Push a line to the worker; return the title, the text and the conversation of what it shows. */
async function pushed(line) {
  const listeners = new Map();
  const shown = [];
  const registration = {
    scope: "https://chat.example:5000/",
    showNotification: async (title, { body, data }) => shown.push([title, body, data.buffer]),
  };
  const self = {
    addEventListener: (name, listener) => listeners.set(name, listener),
    registration,
    location: new URL("https://chat.example:5000/sw.js"),
  };
  vm.runInNewContext(SCRIPT, { self, caches: {}, URL });
  let ended;
  listeners.get("push")({ data: { text: () => line }, waitUntil: (promise) => (ended = promise) });
  await ended;
  return shown.flat();
}

test("a private message opens the conversation with its sender", async () => {
  assert.deepEqual(await pushed("@time=x :bob!u@h PRIVMSG me :hi \x02there"), [
    "bob",
    "hi there",
    "bob",
  ]);
});

test("a mention opens its channel", async () => {
  assert.deepEqual(await pushed(":bob!u@h PRIVMSG #a :me: look"), ["bob · #a", "me: look", "#a"]);
});

test("an invitation opens the channel that it is for", async () => {
  assert.deepEqual(await pushed(":bob!u@h INVITE me :#garden"), [
    "bob · #garden",
    "✉ #garden",
    "#garden",
  ]);
});

test("a line of the server itself opens no conversation", async () => {
  assert.deepEqual(await pushed(":chat.local NOTE WEBPUSH REGISTERED https://x :Registered"), [
    "chat.example:5000",
    "Registered",
    "",
  ]);
});
